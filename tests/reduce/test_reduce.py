"""`multibackend reduce`, through the front door and on all backends.

MULTIBACKEND_PYTHON names the interpreters, as the nox sessions set it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multibackend import BACKENDS
from multibackend.launch.choosing import name_pythons
from multibackend.reduce.confirm import run_fresh

HERE = Path(__file__).parent
EXPERIMENTS = HERE / "experiments.py"
PAIRS = (("jax", "tensorflow"), ("jax", "torch"), ("tensorflow", "torch"))


def run_reduce(name: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    """Reduce an experiment; what is between two runs in the same process must not matter, so KERAS_BACKEND is unset."""
    command = [sys.executable, "-m", "multibackend", "reduce", f"{EXPERIMENTS}:{name}", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def write_results(path: Path, name: str, failing: str) -> Path:
    """Results in which a backend fails at the initial outputs, or none."""
    from multibackend.experiments.catalogue import select_experiments

    (experiment,) = select_experiments([f"{EXPERIMENTS}:{name}"])
    found = [
        {
            "experiment": experiment,
            "pair": pair,
            "precision": "float32",
            "stage": "initial outputs",
            "status": "fail" if failing in pair else "pass",
            "detail": "layer sequential/scale: off",
            "places": ["sequential/scale"],
        }
        for pair in PAIRS
    ]
    path.write_text(json.dumps({"findings": found}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pooled") / "repro.py"


@pytest.fixture(scope="module")
def pooled(script: Path) -> subprocess.CompletedProcess[str]:
    """Average pooling's border, trained, compared and reduced in one command."""
    return run_reduce("pooled", "--precision", "float32", "--output", script.parent, "--script", script)


def test_a_divergence_of_keras_becomes_a_few_lines(pooled: subprocess.CompletedProcess[str], script: Path) -> None:
    assert pooled.returncode == 0, pooled.stderr
    assert pooled.stdout.splitlines()[-1] == str(script)
    assert "torch at initial outputs" in pooled.stderr
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert "AveragePooling2D" in text
    assert not re.search("Conv2D|Dense|Adam|multibackend", text)
    assert {line for line in text.splitlines() if line.startswith("import")} == {"import keras", "import numpy as np"}


def test_the_script_fails_alone_where_it_says_and_passes_elsewhere(pooled: subprocess.CompletedProcess[str]) -> None:
    assert "multibackend: jax: passes: OK" in pooled.stderr
    assert "multibackend: tensorflow: passes: OK" in pooled.stderr
    assert re.search(r"multibackend: torch: fails: AssertionError: got \[.*\], expected \[.*\]", pooled.stderr)


def test_with_another_expectation_it_fails_everywhere(
    pooled: subprocess.CompletedProcess[str], script: Path, tmp_path: Path
) -> None:
    assert pooled.returncode == 0
    text = script.read_text(encoding="utf-8")
    altered = re.sub(r"^expected = \[(\S+?)([,\]])", r"expected = [\g<1> + 7\2", text, flags=re.MULTILINE)
    assert altered != text
    (tmp_path / "altered.py").write_text(altered, encoding="utf-8")
    runs = run_fresh(tmp_path / "altered.py", name_pythons(()), None, "torch")
    assert {run.ended for run in runs.values()} == {"fails"}


def test_a_patch_is_told_from_keras_without_it(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results.json", "scaled", "tensorflow")
    script = tmp_path / "repro.py"
    arguments = ("--results", results, "--preload", HERE / "patched.py", "--output", tmp_path, "--script", script)
    done = run_reduce("scaled", *arguments)
    assert done.returncode == 0, done.stderr
    assert "tensorflow: fails: AssertionError: got" in done.stderr
    assert "tensorflow without the preload: passes" in done.stderr
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert "class Scale(layers.Layer):" in text
    assert '"""Multiply' not in text


def test_where_none_differs_there_is_nothing_to_reduce(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results.json", "scaled", "none")
    script = tmp_path / "repro.py"
    done = run_reduce("scaled", "--results", results, "--script", script)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to reduce, no backend differs" in done.stderr
    assert not script.exists()


def test_a_finding_that_no_script_shows_is_said_and_exits_with_1(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results.json", "scaled", BACKENDS[0])
    script = tmp_path / "repro.py"
    arguments = ("--results", results, "--output", tmp_path, "--script", script, "--seconds", 5)
    done = run_reduce("scaled", *arguments)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert "not reduced: " in errors[0]
    assert not script.exists()
