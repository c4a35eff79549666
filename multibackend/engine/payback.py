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
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from multibackend import describe
from multibackend.data import cache_folder
from multibackend.engine.contract import restore_state, save_state

PROBE_SECONDS = 0.05
"""A timing covers as many steps as take this long: the scheduler's slices (milliseconds) are then small in it."""

WORTHWHILE = 0.9
"""A compiled step must take less than this share of a plain one: below that, timings differ by noise."""

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
        saved = self.plain_step_seconds - self.compiled_step_seconds
        worthwhile = self.compiled_step_seconds < WORTHWHILE * self.plain_step_seconds
        return worthwhile and steps * saved > self.compile_seconds

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
        known = Measurement(_time_step(plain, clock, lambda s: Measurement(s).might_pay(steps, compiler)))
        _save(file, key, known)
    if known.might_pay(steps, compiler) or known.pays(steps):
        start = clock()
        try:
            compiled = compile_slow()
            compile_seconds = clock() - start
            if not known.pays(steps):  # the plain step again: what is compared is measured together
                known = Measurement(_time_step(plain, clock), _time_step(compiled, clock), compile_seconds)
                _save(file, key, known)
            if known.pays(steps):
                return compiled, {"compiler": compiler.name, **_figures(known)}
        except CannotCompile as error:
            known = Measurement(known.plain_step_seconds, refusal=str(error))
            _save(file, key, known)
    return plain, {"compiler": "none", **_figures(known)}


def _figures(known: Measurement) -> dict[str, Any]:
    return {name: value for name, value in asdict(known).items() if value not in (None, "")}


def _time_step(
    program: Program[Any], clock: Callable[[], float], worth_timing: Callable[[float], bool] = lambda _: True
) -> float:
    """Seconds a step: the best of three runs of enough steps. The first, too short one decides whether to go on."""

    def seconds(steps: int) -> float:
        start = clock()
        program.train(steps)
        return (clock() - start) / steps

    program.train(1)  # the first step prepares buffers and kernels
    steps, best = 1, seconds(1)
    while best * steps < PROBE_SECONDS / 2 and worth_timing(best):
        steps = min(10 * steps, math.ceil(PROBE_SECONDS / max(best, 1e-9)))
        best = seconds(steps)
    if worth_timing(best):
        best = min(best, seconds(steps), seconds(steps))
    return float(f"{best:.3g}")


# ------------------------------------------------------------------------------------------ memory


def _file(key: Mapping[str, Any]) -> Path:
    exact = json.dumps({**key, "processor": describe._processor()}, sort_keys=True)
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
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".writing-") as scratch:
            written = Path(scratch) / file.name
            written.write_text(json.dumps({"program": key, "measured": asdict(known)}, indent=1), encoding="utf-8")
            written.replace(file)
