"""The ladder: what is asked of which backend, where trainings agree, part in a step, or part by rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.synthetic import BACKENDS, PRECISIONS, Setting, alter, train_all, with_array
from rich.console import Console

from multibackend.launch import ladder
from multibackend.launch.output_folder import OutputFolder
from multibackend.launch.settings import Execution, Settings, Training
from multibackend.launch.supervisor import Outcome
from multibackend.records.record import Record, Run

NAME = "E4-standardised"
USUAL = Settings()


def climb(monkeypatch: pytest.MonkeyPatch, records: list[Record], settings: Settings = USUAL) -> tuple[Any, list[Any]]:
    """Climb with these records in place of trainings; what was asked for beyond the trainings themselves."""
    asked: list[Any] = []

    def run(names: Any, backends: Any, wanted: list[Training], *_: Any) -> list[Outcome]:
        if wanted[0].task != "training" or wanted[0].perturbation:
            asked.append((list(names), list(backends), list(wanted)))
        runs = [
            Run(n, b, one.precision, "quick", 7, one.perturbation, one.task)
            for n in names
            for b in backends
            for one in wanted
        ]
        return [Outcome(run, "finished") for run in runs]

    def read(outcomes: Any, _: Path) -> list[Record]:
        runs = {outcome.run for outcome in outcomes}
        return [record for record in records if record.run in runs]

    monkeypatch.setattr(ladder, "run_trainings", run)
    monkeypatch.setattr(ladder, "read_records", read)
    execution = Execution({}, OutputFolder(Path()), Console(quiet=True))
    ascent = ladder.climb([NAME], BACKENDS, PRECISIONS, settings, execution)
    return ascent.comparison, asked


def test_where_all_agree_models_are_exchanged_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, asked = climb(monkeypatch, train_all(Setting(), 1))
    assert comparison.passed
    assert asked == [([NAME], list(BACKENDS), [Training(precision, 0, "interchange") for precision in PRECISIONS])]
    assert {f.status for f in comparison.select(NAME, stage="interchange")} == {"pass"}
    _, asked = climb(monkeypatch, train_all(Setting(), 1), Settings(workarounds=False))
    assert asked == []


def test_what_parts_in_a_step_is_traced_on_a_backend_that_agrees_and_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = with_array("gradients/dense/kernel", lambda g: 2 * g)
    records = alter(alter(train_all(Setting(), 1), "jax", "float64", doubled), "jax", "float32", doubled)
    comparison, asked = climb(monkeypatch, records)
    assert not comparison.passed
    assert [(backends, wanted) for _, backends, wanted in asked] == [
        (["tensorflow"], [Training("float64", 0, "trace")]),
        (list(BACKENDS), [Training("float64", 0, "isolation")]),  # the precision that decides
        (list(BACKENDS), [Training("float64", 1)]),  # no part has been shown to differ alone
    ]


def test_a_later_failure_in_float64_is_tried_for_rounding_and_not_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    records = alter(train_all(Setting(), 1), "torch", "float64", with_array("losses", lambda v: v * (1 + 1e-8)))
    _, asked = climb(monkeypatch, records)
    assert [(backends, wanted) for _, backends, wanted in asked] == [(list(BACKENDS), [Training("float64", 1)])]


def test_what_differs_in_structure_is_not_looked_at_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    records = alter(
        train_all(Setting(), 1), "torch", "float64", with_array("initial_weights/dense/kernel", lambda w: w.T)
    )
    comparison, asked = climb(monkeypatch, records)
    assert asked == []
    assert np.all([f.stage == "initial weights" for f in comparison.first_failures(NAME, "float64")])
