"""Parity in pytest: every experiment, precision, pair and stage is a test, read from records alone.

The tests are listed from the course's catalogue, not from the records, so that a missing record fails.
"""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import pytest

from multibackend import BACKENDS
from multibackend.compare import PRECISIONS, STAGES, Comparison, compare_records, load_runs
from multibackend.experiments.catalogue import known_experiments
from multibackend.records.record import Record

EXPERIMENTS = tuple(known_experiments())
PAIRS = tuple(combinations(BACKENDS, 2))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the folders of records."""
    parser.addoption(
        "--records", nargs="+", default=["runs/quick-seed0"], metavar="DIR", help="folders that hold the records"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each experiment, precision, pair and stage that a test function asks for."""
    for name, values in {"precision": PRECISIONS, "pair": PAIRS, "stage": STAGES}.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=["-".join(v) if isinstance(v, tuple) else v for v in values])
    if "experiment" in metafunc.fixturenames:
        metafunc.parametrize("experiment", EXPERIMENTS)


@pytest.fixture(scope="session")
def everything(pytestconfig: pytest.Config) -> list[Record]:
    """Load all records in the given folders."""
    return load_runs([Path(folder) for folder in pytestconfig.getoption("records")])


@pytest.fixture(scope="session")
def records(everything: list[Record]) -> list[Record]:
    """Select the trainings among them."""
    return [record for record in everything if record.run.task == "training"]


@pytest.fixture(scope="session")
def comparison(everything: list[Record]) -> Comparison:
    """Compare all the course's experiments."""
    return compare_records(everything, EXPERIMENTS)


def demand_run(reason: str) -> None:
    """Fail in CI if an experiment could not be run for lack of its data; elsewhere skip, and say why."""
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(f"NOT RUN: {reason}")
    pytest.fail(f"not run, in CI: {reason}")
