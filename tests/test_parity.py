"""`multibackend parity`, through the front door and on all three backends: what agrees passes, what doesn't is found.

MULTIBACKEND_PYTHON names the three interpreters, as the nox sessions set it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multibackend.compare import STAGES

PLANTED = Path(__file__).parents[1] / "power" / "planted.py"

# fault: (the backend that has it, the stage at which it must first show, words of the finding)
FAULTS = {
    "wrong_learning_rate": ("torch", "structure", "learning_rate"),
    "lost_last_batch": ("jax", "step losses", "of shape (12,); expected float"),
    "swapped_activation": ("jax", "structure", "activation"),
    "wrong_kernel": ("tensorflow", "initial outputs", "layer wrong_kernel/hidden"),
    "another_seed": ("torch", "initial weights", "hidden/kernel"),
    "wrong_label": ("torch", "data", "training.targets"),
    "lost_gradient": ("tensorflow", "gradients", "scale"),
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def finished(output: Path) -> subprocess.CompletedProcess[str]:
    names = [f"{PLANTED}:{name}" for name in ("clean", *FAULTS)]
    return run_parity(*names, output=output)


@pytest.fixture(scope="module")
def findings(finished: subprocess.CompletedProcess[str], output: Path) -> list[dict[str, Any]]:
    assert finished.returncode == 1, finished.stderr
    results = json.loads((output / "results.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = results["findings"]
    return found


def run_parity(*arguments: str, output: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "multibackend", "parity", *arguments, "--output", str(output)]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | {"COLUMNS": "160"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def of(findings: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [f for f in findings if f["experiment"].endswith(f":{name}")]


def test_the_clean_experiment_agrees_everywhere(findings: list[dict[str, Any]]) -> None:
    clean = of(findings, "clean")
    assert len(clean) == 2 * 3 * len(STAGES)
    assert {f["status"] for f in clean} == {"pass"}
    weights = [f for f in clean if f["stage"] == "initial weights"]
    assert {f["measured"] for f in weights} == {0}  # Orthogonal's included
    assert max(f["measured"] for f in clean if f["precision"] == "float64") < 1e-12


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_planted_fault_is_found_at_its_stage(findings: list[dict[str, Any]], fault: str, precision: str) -> None:
    backend, stage, words = FAULTS[fault]
    found = [f for f in of(findings, fault) if f["precision"] == precision]
    failing = [f for f in found if f["status"] in ("fail", "consequence")]
    first = min(STAGES.index(f["stage"]) for f in failing)
    assert STAGES[first] == stage
    at_first = [f for f in failing if f["stage"] == stage]
    assert all(backend in f["pair"] for f in at_first)
    assert len(at_first) == 2  # both of its pairs; the healthy pair is not accused
    assert all(words in f["detail"] for f in at_first), [f["detail"] for f in at_first]
    healthy = [f for f in found if backend not in f["pair"]]
    assert {f["status"] for f in healthy if f["stage"] != "interchange"} == {"pass"}


@pytest.mark.parametrize(
    ("fault", "kind", "where"),
    [
        ("wrong_kernel", "output", "wrong_kernel/hidden"),
        ("lost_gradient", "gradient", "lost_gradient/detachable/scale"),
    ],
)
def test_the_origin_of_an_error_is_found(
    finished: subprocess.CompletedProcess[str], output: Path, fault: str, kind: str, where: str
) -> None:
    results = json.loads((output / "results.json").read_text(encoding="utf-8"))
    (origin,) = of(results["origins"], fault)
    assert (origin["precision"], origin["who"]) == ("float64", ["tensorflow"])
    assert (origin["kind"], origin["where"]) == (kind, where)
    assert "starts on tensorflow" in " ".join(finished.stdout.split())


def test_the_table_names_who_differs_and_where(finished: subprocess.CompletedProcess[str]) -> None:
    text = " ".join(finished.stdout.split())
    for backend, stage, _ in FAULTS.values():
        assert f"{backend} differs at {stage}" in text


def test_a_second_run_trains_nothing(finished: subprocess.CompletedProcess[str], output: Path) -> None:
    assert finished.returncode == 1
    records = {path: path.stat().st_mtime_ns for path in (output / "records").rglob("record.json")}
    assert len(records) > 8 * 9
    again = run_parity(*(f"{PLANTED}:{name}" for name in ("clean", *FAULTS)), output=output)
    assert again.returncode == 1
    assert {path: path.stat().st_mtime_ns for path in records} == records
