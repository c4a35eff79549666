"""A child that measures: its answer comes back, what it is at is shown, and one that ends without an answer is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import processes
from multibackend import BACKENDS, MultibackendError
from multibackend.launch.probing import Interpreter

MEASURING = """
import os
from benchmarks.processes import serve

def measure(request, tell):
    tell("one workload")
    if request["fails"]:
        print("the device is lost", flush=True)
        os._exit(3)
    return {"asked": request["workloads"], "backend": request["backend"], "threads": request["threads"],
            "keras": os.environ["KERAS_BACKEND"]}

serve(measure)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "measuring.py").write_text(MEASURING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return "measuring"


def ask(module: str, fails: bool) -> dict[str, Any]:
    interpreter = Interpreter(BACKENDS[0], sys.executable, {}, {})
    return processes.ask(module, interpreter, "cpu", 2, {"workloads": ["x" * 100_000], "fails": fails})


def test_an_answer_of_any_length_comes_back(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    answer = ask(module, fails=False)
    assert answer == {"asked": ["x" * 100_000], "backend": BACKENDS[0], "threads": 2, "keras": BACKENDS[0]}
    assert capfd.readouterr().err == f"{BACKENDS[0]} one workload\n"


def test_a_child_that_ends_without_an_answer_is_said_with_its_last_words(module: str) -> None:
    with pytest.raises(MultibackendError, match="exited with code 3; its last lines:\nthe device is lost"):
        ask(module, fails=True)


def test_nothing_is_compiled_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a backend keeps of what it compiled is in the folder, while data stay where they are."""
    monkeypatch.setenv("MULTIBACKEND_CACHE", "/the/usual/cache")
    for backend in BACKENDS:
        environment = processes.make_environment(backend, "cpu", 1, str(tmp_path))
        assert environment["MULTIBACKEND_CACHE"] == "/the/usual/cache"
        assert not [k for k, v in environment.items() if "/the/usual/cache" in v and k != "MULTIBACKEND_CACHE"]
