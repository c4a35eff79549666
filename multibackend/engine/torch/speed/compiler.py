"""inductor, torch's compiler, for a captured step, where a training is long enough to pay for it.

Measured on one core (torch 2.13, float32): a small dense network (E4) is compiled in 27 s and saves half of each step,
0.14 ms of 0.28; B9 in 13 s, 0.1 ms of 1.6; a small CNN (D3) is compiled in 21 s and takes twice as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from multibackend.engine.payback import CannotCompile, Choice, Compiler, Program, choose
from multibackend.engine.torch.speed.capture import Captured, Replay

COMPILER = Compiler("inductor", compile_seconds=12.0, saving=0.5)

STEPS = 80_000
"""A training of fewer steps is never worth it: inductor takes 0.1 to 0.2 s for each call of a step (above; the first
time on a machine), and what it saves is the calls, 1.2 us each."""


def choose_replay(
    captured: Captured, rows: torch.Tensor, steps: int, check: Callable[[Replay], bool]
) -> Choice[Replay]:
    """Choose the faster of a captured step and the same compiled, in a training of `steps` steps.

    `check` says whether a compiled step trains as the captured one does. Timing trains: the caller restores the state.
    """
    if rows.device.type != "cpu" or steps < STEPS:
        return Choice(captured.run, False, {"compiler": "none"})

    def compile_slow() -> Program[Replay]:
        run = torch.no_grad()(torch.compile(captured.function, fullgraph=True, dynamic=False))
        try:
            run(rows)
            trains_alike = check(run)
        except Exception as error:  # no C++ compiler, or an operation that inductor doesn't know
            raise CannotCompile(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}") from error
        if not trains_alike:
            raise CannotCompile("the compiled step has not done what the captured one does")
        return _program(run, rows)

    described = {name: _describe(value) for name, value in captured.bound.items()}
    key = {"backend": "torch", "threads": torch.get_num_threads(), "device": str(rows.device)}
    key |= {"torch": torch.__version__, "program": captured.source, "bound": described}
    return choose(key, steps, _program(captured.run, rows), compile_slow, COMPILER)


def _program(run: Replay, rows: torch.Tensor) -> Program[Replay]:
    def train(steps: int) -> None:
        for _ in range(steps):
            run(rows)

    return Program(run, train)


def _describe(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.dtype} {tuple(value.shape)} {value.stride()}"
    return repr(value) if isinstance(value, (int, float, torch.dtype, torch.device)) else getattr(value, "__name__", "")
