"""The payback of a slow compiler: measured once, remembered, and never at the cost of a training."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multibackend.engine.payback import CannotCompile, Compiler, Program, choose
from multibackend.paths import cache_folder

COMPILER = Compiler("slow", compile_seconds=2.0, saving=0.5)
KEY = {"backend": "none", "program": "mul add"}


class Machine:
    """A clock that programs and the compiler move on; what was compiled is counted."""

    def __init__(self, plain: float, compiled: float, compiling: float = 3.0) -> None:
        self.now, self.compilations = 0.0, 0
        self.plain = self.program("plain", plain)
        self._compiled, self._compiling = compiled, compiling
        self.busy_from = math.inf

    def program(self, name: str, step_seconds: float) -> Program[str]:
        def train(steps: int) -> None:
            self.now += steps * step_seconds * (4 if self.now >= self.busy_from else 1)

        return Program(name, train)

    def compile_slow(self) -> Program[str]:
        self.compilations += 1
        self.now += self._compiling
        return self.program("compiled", self._compiled)

    def choose(self, steps: int, compile_slow: Callable[[], Program[str]] | None = None) -> tuple[str, dict[str, Any]]:
        choice = choose(KEY, steps, self.plain, compile_slow or self.compile_slow, COMPILER, lambda: self.now)
        assert choice.is_compiled == (choice.run == "compiled")
        return choice.run, choice.how


@pytest.mark.parametrize(
    ("plain", "compiled", "steps", "chosen", "compilations"),
    [
        (0.001, 0.0005, 3_000, "plain", 0),  # 3 s: the compiler can save 1.5 at best, and takes 2
        (0.001, 0.0005, 10_000, "compiled", 1),  # saves 5 s, took 3
        (0.001, 0.0005, 5_000, "plain", 1),  # saves 2.5 s, took 3
        (0.001, 0.00095, 50_000, "plain", 1),  # saves 2.5 s
        (0.001, 0.00095, 100_000, "compiled", 1),  # saves 5 s
        (0.001, 0.002, 100_000, "plain", 1),
    ],
)
def test_the_faster_program_counting_the_compiling(
    plain: float, compiled: float, steps: int, chosen: str, compilations: int
) -> None:
    machine = Machine(plain, compiled)
    run, how = machine.choose(steps)
    assert (run, machine.compilations) == (chosen, compilations)
    assert how["compiler"] == ("slow" if chosen == "compiled" else "none")
    assert how["plain_step_seconds"] == pytest.approx(plain)
    if compilations:
        assert how["compiled_step_seconds"] == pytest.approx(compiled)
        assert how["compile_seconds"] == pytest.approx(3.0)


def test_a_machine_that_gets_busy_does_not_change_the_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for busy_from in np.arange(0, 4, 0.02):
        monkeypatch.setenv("MULTIBACKEND_CACHE", str(tmp_path / f"{busy_from}"))
        machine = Machine(0.001, 0.0006)
        machine.busy_from = busy_from
        assert machine.choose(50_000)[0] == "compiled", busy_from


def test_what_was_measured_is_remembered() -> None:
    Machine(0.001, 0.0005).choose(10_000)
    slower_today = Machine(0.01, 0.02)
    assert slower_today.choose(10_000)[0] == "compiled"  # by what was measured; the same way each time
    assert slower_today.choose(5_000)[0] == "plain"
    assert slower_today.compilations == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"measured": 3, "program": {}}',
        '{"measured": {"plain_step_seconds": -1}, "program": {}}',
        '{"measured": {"plain_step_seconds": "fast"}, "program": {}}',
        '{"measured": {"plain_step_seconds": 0.001, "compile_seconds": NaN}, "program": {}}',
    ],
)
def test_a_damaged_file_is_measured_anew(content: str) -> None:
    machine = Machine(0.001, 0.0005)
    machine.choose(10_000)
    (file,) = (cache_folder() / "payback").iterdir()
    file.write_text(content, encoding="utf-8")
    assert machine.choose(10_000)[0] == "compiled"
    assert machine.compilations == 2


def test_without_a_folder_to_write_to_it_still_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("MULTIBACKEND_CACHE", str(tmp_path / "file"))
    assert Machine(0.001, 0.0005).choose(10_000)[0] == "compiled"


def test_a_program_that_cannot_be_compiled_is_not_tried_again() -> None:
    machine = Machine(0.001, 0.0005)

    def refuse() -> Program[str]:
        machine.compilations += 1
        raise CannotCompile("no C++ compiler")

    for _ in range(2):
        run, how = machine.choose(10_000, refuse)
        assert (run, how["refusal"]) == ("plain", "no C++ compiler")
    assert machine.compilations == 1
