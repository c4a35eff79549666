"""`multibackend sweep`, as a command and on all backends: what agrees passes, and a planted difference is found.

MULTIBACKEND_PYTHON names the interpreters, as the nox sessions set it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CASES = ("activations.softsign", "activations.glu(axis=0)", "constraints.MaxNorm(max_value=2")

# Python imports this before anything else: torch's softsign becomes another function.
PLANTED = """
import os
if os.environ.get("KERAS_BACKEND") == "torch" and os.environ.get("PLANT"):
    import keras
    original = keras.activations.softsign
    keras.activations.softsign = lambda x: original(x) * (1 + 1e-7)
"""


def run_sweep(output: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "multibackend", "sweep", *CASES, *arguments, "--output", str(output)]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | variables
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def read(output: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((output / "results.json").read_text(encoding="utf-8"))
    return results


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "sitecustomize.py").write_text(PLANTED, encoding="utf-8")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return run_sweep(folder / "out", "--precision", "float64", PLANT="1", PYTHONPATH=path), folder / "out"


def test_a_planted_difference_is_new_and_fails(planted: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, output = planted
    assert done.returncode == 1, done.stderr
    results = read(output)
    new = [f for f in results["findings"] if not f["known"]]
    assert {f["case"].split("(")[0] for f in new} == {"activations.softsign"}
    assert {f["stage"] for f in new} == {"forward", "gradient"}
    assert all(f["suspects"] == ["torch"] for f in new)
    assert not results["passed"]
    assert "NEW: activations.softsign" in done.stdout
    assert "activations.softsign" in (output / "sweep.md").read_text(encoding="utf-8")


def test_without_it_everything_is_known(tmp_path: Path) -> None:
    done = run_sweep(tmp_path, "--precision", "float64")
    assert done.returncode == 0, done.stdout + done.stderr
    results = read(tmp_path)
    assert results["passed"]
    assert results["counts"]["run"] == 3
    assert results["counts"]["agree"] >= 1


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "multibackend", "sweep", "layers.Dnse", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no case matches 'layers.Dnse'" in done.stderr
