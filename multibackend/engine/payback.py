"""Whether a slow compiler pays: measured once for a program on a machine, and remembered.

A compiler such as XLA or inductor takes seconds and then saves a share of each step: it pays in a training that is
long enough, and how long that is depends on the model and the machine. So both programs are timed,
and what was measured is kept, one file a program, in `payback/` of the cache folder. The same training
on the same machine then always takes the same way, and so repeats to the bit; without that folder each
process measures anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from multibackend.engine.state import restore_state, save_state
from multibackend.files import write_whole
from multibackend.machine import name_processor
from multibackend.paths import cache_folder

PROBE_SECONDS = 0.05
"""A timing covers as many steps as take this long: the scheduler's slices (milliseconds) are then small in it."""

PAIRS = 5
"""Timings of both programs, one after the other: what disturbs the machine then disturbs both."""

Run = TypeVar("Run")


@dataclass(frozen=True)
class Compiler:
    """A slow compiler as it is known before it meets a program: what it costs at least, and what it saves at best.

    `compile_seconds` are seconds of compiling; `saving` is the share of a plain step's time.
    """

    name: str
    compile_seconds: float
    saving: float


@dataclass(frozen=True)
class Program(Generic[Run]):
    """A compiled training: `train(n)` runs n steps and returns when they are done; `run` is for the engine alone."""

    run: Run
    train: Callable[[int], object]


@dataclass(frozen=True)
class Measurement:
    """What is known of a program; the compiled one's figures are None until it has been compiled.

    `refusal` says why the compiler can't take the program ("" where it can).
    """

    plain_step_seconds: float
    compiled_step_seconds: float | None = None
    compile_seconds: float | None = None
    refusal: str = ""

    def pays(self, steps: int) -> bool:
        """Whether the compiler pays back within a training of so many steps."""
        if self.compiled_step_seconds is None or self.compile_seconds is None:
            return False
        return steps * (self.plain_step_seconds - self.compiled_step_seconds) > self.compile_seconds

    def might_pay(self, steps: int, compiler: Compiler) -> bool:
        """Whether it is worth compiling once to learn the missing figures."""
        unknown = self.compiled_step_seconds is None and not self.refusal
        return unknown and steps * self.plain_step_seconds * compiler.saving > compiler.compile_seconds


class CannotCompile(Exception):
    """Raised by `compile_slow`: the compiler can't take this program. Its message is kept."""


@contextlib.contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Give all variables of a model their values back at the end: what is timed in between also trains."""
    state = save_state(model)
    try:
        yield
    finally:
        restore_state(model, state)


def choose(
    key: Mapping[str, Any],
    steps: int,
    plain: Program[Run],
    compile_slow: Callable[[], Program[Run]],
    compiler: Compiler,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Program[Run], dict[str, Any]]:
    """The faster program for a training of `steps` steps, compiling counted; and how it runs, for the record.

    `key` (of what JSON can hold) describes the program exactly: backend and versions, its operations, batch size,
    dtype, threads, device; the processor is added. Timing trains: call it inside `unchanged`.
    `compile_slow` compiles and is only called where that may pay.
    """
    file = _file(key)
    known = _load(file)
    if known is None:
        _, seconds = _first_timing(plain, clock, lambda s: Measurement(s).might_pay(steps, compiler))
        known = Measurement(_round(seconds))
        _save(file, key, known)
    if known.might_pay(steps, compiler) or known.pays(steps):
        start = clock()
        try:
            compiled = compile_slow()
            compile_seconds = clock() - start
            if not known.pays(steps):  # the plain step again: what is compared is measured together
                known = Measurement(*_time_together(plain, compiled, clock), compile_seconds)
                _save(file, key, known)
            if known.pays(steps):
                return compiled, {"compiler": compiler.name, **_figures(known)}
        except CannotCompile as error:
            known = Measurement(known.plain_step_seconds, refusal=str(error))
            _save(file, key, known)
    return plain, {"compiler": "none", **_figures(known)}


def _figures(known: Measurement) -> dict[str, Any]:
    return {name: value for name, value in asdict(known).items() if value not in (None, "")}


def _first_timing(
    program: Program[Any], clock: Callable[[], float], worth_timing: Callable[[float], bool] = lambda _: True
) -> tuple[int, float]:
    """How many steps make a timing, and the seconds of one; a first, too short timing decides whether to go on."""
    program.train(1)  # the first step prepares buffers and kernels
    steps, seconds = 1, _time(program, 1, clock)
    while steps * seconds < PROBE_SECONDS / 2 and worth_timing(seconds):
        steps = min(10 * steps, math.ceil(PROBE_SECONDS / max(seconds, 1e-9)))
        seconds = _time(program, steps, clock)
    return steps, seconds


def _time_together(plain: Program[Any], compiled: Program[Any], clock: Callable[[], float]) -> tuple[float, float]:
    """Seconds a step of both, by the median of their ratios in timings that alternate."""
    programs = [(program, _first_timing(program, clock)[0]) for program in (plain, compiled)]
    pairs = [[_time(program, steps, clock) for program, steps in programs] for _ in range(PAIRS)]
    plain_seconds = statistics.median(a for a, _ in pairs)
    return _round(plain_seconds), _round(plain_seconds * statistics.median(b / a for a, b in pairs))


def _time(program: Program[Any], steps: int, clock: Callable[[], float]) -> float:
    start = clock()
    program.train(steps)
    return (clock() - start) / steps


def _round(seconds: float) -> float:
    return float(f"{seconds:.3g}")


# ------------------------------------------------------------------------------------------ memory


def _file(key: Mapping[str, Any]) -> Path:
    exact = json.dumps({**key, "processor": name_processor()}, sort_keys=True)
    return cache_folder() / "payback" / f"{hashlib.sha256(exact.encode()).hexdigest()}.json"


def _load(file: Path) -> Measurement | None:
    """What was measured, or None where nothing was, or the file is damaged: it is measured again then."""
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))["measured"]
        known = Measurement(**fields)
        figures = (known.plain_step_seconds, known.compiled_step_seconds or 1.0, known.compile_seconds or 1.0)
        return known if all(0 < figure < math.inf for figure in figures) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _save(file: Path, key: Mapping[str, Any], known: Measurement) -> None:
    """Write the file whole or not at all; a cache that can't be written costs time only."""
    with contextlib.suppress(OSError):
        write_whole(file, json.dumps({"program": key, "measured": asdict(known)}, indent=1).encode())
