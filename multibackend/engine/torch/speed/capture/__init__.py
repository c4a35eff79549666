"""Capture of a torch step: run it once, note every operation that torch executes, and replay those alone.

Keras' layer calls, autograd's bookkeeping and the optimizer's Python cost more than a small network's arithmetic. What
a capture leaves is a straight line of calls into torch: the same operations on the same memory in the same order,
with the same results to the bit. Nothing is assumed of Keras: the tape lies below autograd, where torch dispatches to
its kernels.

`tape.py` notes the operations. `simplify.py` leaves out those that needn't run again. `write.py` makes a function of
the rest, and `cuda.py` hands it to a GPU as one graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from multibackend.engine.torch.speed.capture.cuda import as_cuda_graph
from multibackend.engine.torch.speed.capture.simplify import simplify
from multibackend.engine.torch.speed.capture.tape import Uncapturable, record
from multibackend.engine.torch.speed.capture.write import write

__all__ = ["Captured", "Replay", "Uncapturable", "capture"]

Replay = Callable[[torch.Tensor], torch.Tensor]
"""A function of rows' numbers (int64, (batch,)) that trains on these rows and returns the loss, a scalar."""


@dataclass(frozen=True)
class Captured:
    """A step as a straight line of calls, its source, and the values that it takes for constant.

    `bound` are the values that the source's names stand for. `function` is what the source compiles to, and `run` is
    the same function as it runs fastest.
    """

    run: Replay
    function: Replay
    source: str
    bound: dict[str, Any]
    guards: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    @property
    def is_valid(self) -> bool:
        """Tell if everything that was taken for constant (a learning rate) has kept its value."""
        return all(torch.equal(tensor, value) for tensor, value in self.guards)


def capture(step: Replay, rows: torch.Tensor, state: Iterable[torch.Tensor], relayout: bool = True) -> Captured:
    """Run `step(rows)` once, with its effects, and return what replays it for as many rows.

    `state` are the tensors that someone else may change between steps (a model's variables). All others that the
    step reads and doesn't write are constants. `relayout` leaves images as they lie in memory if a copy would only
    move their channels; a step that relies on such a copy then fails with torch's RuntimeError. On CUDA the step runs
    more than once.

    Raises:
        Uncapturable: Python decides by a tensor's values, or torch draws random numbers.
    """
    operations, result = record(step, rows, relayout)
    program = simplify(operations, rows, list(state), result)
    function, source, bound = write(program.operations, rows, program.result)
    run = torch.inference_mode()(function)  # nothing of it needs autograd's or views' bookkeeping
    if rows.device.type == "cuda":
        run = as_cuda_graph(run, rows)
    guards = tuple((tensor, tensor.detach().clone()) for tensor in program.guarded)
    return Captured(run, function, source, bound, guards)
