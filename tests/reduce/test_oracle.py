"""The oracle: every setup answers, what is asked again is remembered, and one that is lost is started anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes.stage import python_path

from multibackend import BACKENDS, MultibackendError
from multibackend.reduce import oracle as module
from multibackend.reduce.oracle import NO_ANSWER, Oracle, read_answer
from multibackend.reduce.setup import Setup

# Runs scripts as the real one does, without Keras.
RUNNER = """
import os
from multibackend.reduce import runner

runner.check_backend = runner.get_engine = lambda _: __import__("types").SimpleNamespace(configure=lambda *_: None)
runner.list_versions = lambda: {"keras": "9.9.9"}
runner.run_script = lambda text: runner.np.asarray(runner.execute(text, "<script>")["got"], dtype="float64").ravel()
runner.main()
"""
SETUPS = list(map(Setup, BACKENDS))


@pytest.fixture(scope="module", autouse=True)
def _runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("runner") / "runner.py"
    path.write_text(RUNNER, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RUNNER", (str(path),))
        patch.setenv("PYTHONPATH", python_path())
        yield


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory, _runner: None) -> Iterator[Oracle]:
    with Oracle(dict.fromkeys(BACKENDS, sys.executable), tmp_path_factory.mktemp("logs")) as oracle:
        yield oracle


def test_every_backend_gives_its_numbers(oracle: Oracle) -> None:
    got = oracle.ask("import os; got = [1.5, len(os.environ['KERAS_BACKEND'])]", "float32", SETUPS)
    assert {setup.backend: list(values) for setup, values in got.items()} == {b: [1.5, len(b)] for b in BACKENDS}


def test_many_numbers_arrive_whole(oracle: Oracle) -> None:
    got = oracle.ask("import numpy as np; got = np.arange(300_000)", "float64", SETUPS[:1])
    np.testing.assert_array_equal(got[SETUPS[0]], np.arange(300_000.0))


def test_a_script_runs_once_unless_it_is_asked_again(oracle: Oracle) -> None:
    script = "import random; got = [random.random()]"
    first = oracle.ask(script, "float32", SETUPS)
    assert all(np.array_equal(oracle.ask(script, "float32", SETUPS)[setup], first[setup]) for setup in SETUPS)
    again = oracle.ask(script, "float32", SETUPS, again=True)
    assert not any(np.array_equal(again[setup], first[setup]) for setup in SETUPS)


def test_an_error_is_an_answer(oracle: Oracle) -> None:
    assert oracle.ask("got = 1 / 0", "float32", SETUPS[:1]) == {SETUPS[0]: "ZeroDivisionError: division by zero"}


@pytest.mark.parametrize(
    "fatal", ["import os; os._exit(3)", "import os; os.kill(os.getpid(), 9)", "import sys; sys.exit()"]
)
def test_one_that_ends_is_started_anew(oracle: Oracle, fatal: str) -> None:
    assert oracle.ask(fatal, "float32", SETUPS[:1]) == {SETUPS[0]: NO_ANSWER}
    assert list(oracle.ask("got = [2.0]", "float32", SETUPS)[SETUPS[0]]) == [2.0]


def test_one_that_hangs_is_started_anew(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCRIPT_SECONDS", 0.2)
    assert oracle.ask("import time; time.sleep(600)", "float32", SETUPS[:1]) == {SETUPS[0]: NO_ANSWER}
    monkeypatch.undo()
    assert read_answer(None) == NO_ANSWER


def test_what_a_script_prints_or_reads_disturbs_no_answer(oracle: Oracle) -> None:
    script = 'import sys; print(\'{"got": ""}\'); got = [len(sys.stdin.read())]'
    assert list(oracle.ask(script, "float32", SETUPS[:1])[SETUPS[0]]) == [0.0]


def test_a_preload_runs_everywhere_but_in_bare_setups(tmp_path: Path) -> None:
    preload = tmp_path / "preload.py"
    preload.write_text("import builtins; builtins.patched = 7", encoding="utf-8")
    script = "import builtins; got = [getattr(builtins, 'patched', 0)]"
    suspect, *others = BACKENDS
    with Oracle(dict.fromkeys(BACKENDS, sys.executable), tmp_path / "logs", preload, [suspect]) as oracle:
        concerned = oracle.list_concerned(suspect)
        assert concerned[0] == Setup(suspect)
        assert set(concerned[1:]) == {Setup(suspect, bare=True), *map(Setup, others)}
        got = oracle.ask(script, "float32", concerned)
        assert {setup: values[0] for setup, values in got.items()} == {s: 0 if s.bare else 7 for s in concerned}
        preload.write_text("import builtins; builtins.patched = 8", encoding="utf-8")
        oracle.preload(preload)
        assert oracle.ask(script, "float32", [Setup(suspect)])[Setup(suspect)][0] == 8


def test_a_preload_that_fails_is_said_with_its_error(tmp_path: Path) -> None:
    preload = tmp_path / "preload.py"
    preload.write_text("import missing_package", encoding="utf-8")
    with (
        pytest.raises(MultibackendError, match=f"fails on {BACKENDS[0]}: ModuleNotFoundError: No module"),
        Oracle({BACKENDS[0]: sys.executable}, tmp_path / "logs", preload),
    ):
        pass


def test_a_process_that_does_not_start_is_said_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RUNNER", ("-c", "raise SystemExit('no libcudart')"))
    with (
        pytest.raises(MultibackendError, match=r"doesn't start; its log says why: .*reduce-.*\.log") as raised,
        Oracle({BACKENDS[0]: sys.executable}, tmp_path / "logs"),
    ):
        pass
    assert "multibackend doctor" in str(raised.value)
    assert "no libcudart" in (tmp_path / "logs" / f"reduce-{BACKENDS[0]}.log").read_text()
