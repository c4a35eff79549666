"""Confirming: a script that runs alone passes, fails by its assertion, or breaks, and one that hangs is ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from multibackend import BACKENDS
from multibackend.launch.child import Ending
from multibackend.reduce import confirm
from multibackend.reduce.confirm import Run, judge_ending, run_fresh
from multibackend.reduce.setup import Setup

SCRIPT = """
import builtins, os
got, expected = [2.0 if os.environ["KERAS_BACKEND"] == "{suspect}" and {condition} else 1.0], [1.0]
assert got == expected, f"got {{got}}, expected {{expected}}"
print("OK")
"""
FAILS = Run("fails", "AssertionError: got [2.0], expected [1.0]")


@pytest.mark.parametrize(
    ("code", "lines", "run"),
    [
        (0, ["a warning", "OK"], Run("passes", "OK")),
        (0, ["OK", "a library says goodbye"], Run("passes", "OK")),
        (0, ["not OK"], Run("breaks", "not OK")),
        (0, [], Run("breaks", "the worker exited with code 0")),
        (1, ["OK", "AssertionError: got [1], expected [2]"], Run("fails", "AssertionError: got [1], expected [2]")),
        (
            1,
            ["AssertionError: got [1], expected [2]", "goodbye"],
            Run("fails", "AssertionError: got [1], expected [2]"),
        ),
        (1, ["ModuleNotFoundError: keras"], Run("breaks", "ModuleNotFoundError: keras")),
        (-9, ["OK"], Run("breaks", "OK")),
    ],
)
def test_a_script_is_judged_by_its_code_and_its_words(code: int, lines: list[str], run: Run) -> None:
    assert judge_ending(Ending(code), lines) == run


@pytest.mark.parametrize("suspect", BACKENDS)
def test_a_script_runs_on_every_backend_in_a_process_of_its_own(tmp_path: Path, suspect: str) -> None:
    script = tmp_path / "repro.py"
    script.write_text(SCRIPT.format(suspect=suspect, condition="True"), encoding="utf-8")
    runs = run_fresh(script, dict.fromkeys(BACKENDS, sys.executable), None, suspect)
    assert runs == {Setup(name): FAILS if name == suspect else Run("passes", "OK") for name in BACKENDS}


def test_with_a_preload_the_suspect_also_runs_without_it(tmp_path: Path) -> None:
    script, preload = tmp_path / "repro.py", tmp_path / "preload.py"
    script.write_text(SCRIPT.format(suspect=BACKENDS[0], condition="hasattr(builtins, 'patched')"), encoding="utf-8")
    preload.write_text("import builtins; builtins.patched = True", encoding="utf-8")
    runs = run_fresh(script, dict.fromkeys(BACKENDS, sys.executable), preload, BACKENDS[0])
    assert runs[Setup(BACKENDS[0])] == FAILS
    assert runs[Setup(BACKENDS[0], bare=True)] == Run("passes", "OK")
    assert str(Setup(BACKENDS[0], bare=True)) == f"{BACKENDS[0]} without the preload"
    assert len(runs) == len(BACKENDS) + 1


def test_a_script_that_hangs_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "FRESH_SECONDS", 0.2)
    script = tmp_path / "repro.py"
    script.write_text("import time; time.sleep(600)", encoding="utf-8")
    runs = run_fresh(script, {BACKENDS[0]: sys.executable}, None, BACKENDS[0])
    assert runs == {Setup(BACKENDS[0]): Run("breaks", "no end within 0 s")}
