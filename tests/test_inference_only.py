"""A participant that doesn't train, through the front door: judged as far as it goes, and said to go no further."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

JUDGED = {"structure", "data", "initial weights", "initial outputs", "interchange"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("runs") / "inference"
    command = [sys.executable, "-m", "multibackend", "parity", "A9", "D3", "--backends", "torch,openvino"]
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"} | {"COLUMNS": "160"}
    ran = subprocess.run([*command, "--output", str(output)], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads((output / "results.json").read_text(encoding="utf-8"))
    return found


def test_what_it_computes_is_the_same(results: dict[str, Any]) -> None:
    findings = [f for f in results["findings"] if f["precision"] == "float32"]
    assert {(f["experiment"], f["stage"]) for f in findings if f["status"] == "pass"} == {
        (name, stage) for name in ("A9", "D3") for stage in JUDGED
    }
    assert max(f["measured"] for f in findings if f["stage"] == "initial weights") == 0.0


def test_what_it_cannot_do_is_not_run_and_why(results: dict[str, Any]) -> None:
    rest = [f for f in results["findings"] if f["precision"] == "float64" or f["stage"] not in JUDGED]
    assert {f["status"] for f in rest} == {"not run"}
    reasons = {f["detail"] for f in rest}
    assert "openvino can't compute in float64" in reasons
    assert any("can't do what this stage needs: training" in reason for reason in reasons)
    assert results["passed"]
