"""The tape: every operation of a step, with the very tensors that went in and came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from keras import tree
from keras.config import disable_traceback_filtering, enable_traceback_filtering, is_traceback_filtering_enabled
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten


class Uncapturable(Exception):
    """Raised when a replay of the step's operations would not be the step; the message says why."""


@dataclass(eq=False)
class Operation:
    """One call of a kernel: the function, its arguments, and its output."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any

    @property
    def inputs(self) -> list[torch.Tensor]:
        """The tensors among its arguments."""
        return tensors_in((self.args, self.kwargs))

    @property
    def outputs(self) -> list[torch.Tensor]:
        """The tensors that it returned; an operation in place returns one of its arguments."""
        return tensors_in(self.output)

    @property
    def made(self) -> list[torch.Tensor]:
        """The tensors that it brought into being."""
        given = {id(t) for t in self.inputs}
        return [t for t in self.outputs if id(t) not in given]

    @property
    def written(self) -> list[torch.Tensor]:
        """The tensors that it changes in place."""
        schema = self.function._schema.arguments
        pairs = [*zip(schema, self.args, strict=False), *((a, self.kwargs.get(a.name)) for a in schema)]
        return [t for a, value in pairs if a.alias_info and a.alias_info.is_write for t in tensors_in(value)]


def record(
    step: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor, relayout: bool
) -> tuple[list[Operation], torch.Tensor]:
    """Run `step(rows)` once; return its operations, in order, and its result.

    Raises:
        Uncapturable: Python reads a tensor's values, or torch draws random numbers.
    """
    tape = _Tape(relayout)
    with tape, _values_stay_unread(), _both_branches(tape), _plain_tracebacks():
        result = step(rows)
    return tape.operations, result


class _Tape(TorchDispatchMode):  # type: ignore[misc]  # torch is not read by the type checker
    def __init__(self, relayout: bool) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self._relayout = relayout

    def __torch_dispatch__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation as it is, and note it."""
        kwargs = kwargs or {}
        if self._relayout and function is aten.clone.default and _only_moves_channels(*args, **kwargs):
            function, kwargs = aten.alias.default, {}
        output = function(*args, **kwargs)
        if torch.Tag.nondeterministic_seeded in function.tags and not _drops_nothing(function, args, kwargs):
            raise Uncapturable(f"{function} draws from torch's own generator")
        if function is aten.lift_fresh.default:  # a literal, which the step may write to: it must be new in each
            function, args = aten.clone.default, (output.clone(),)
        self.operations.append(Operation(function, args, kwargs, output))
        return output


def _drops_nothing(function: Any, args: Any, kwargs: Any) -> bool:
    """Tell if an operation (attention) draws only for its dropout, and has none."""
    given = {argument.name: value for argument, value in zip(function._schema.arguments, args, strict=False)} | kwargs
    return "dropout_p" in {a.name for a in function._schema.arguments} and not given.get("dropout_p", 0.0)


def _only_moves_channels(tensor: torch.Tensor, memory_format: Any = None) -> bool:
    """Tell if a copy has no other effect than to put channels first in memory.

    Keras (keras/src/backend/torch/nn.py, _transpose_spatial_inputs, seen in 3.15.1) makes one before pooling. On CPU,
    pooling is then ten to twenty times slower than with channels last (torch 2.13); the values are the same.
    """
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(tensor.dim())
    if last is None or memory_format is not torch.contiguous_format:
        return False
    return tensor.is_contiguous(memory_format=last) and not tensor.is_contiguous()


@contextmanager
def _values_stay_unread() -> Iterator[None]:
    # These read a tensor's memory past the dispatcher; a replay would not compute what Python computes from it.
    def refuse(*_: Any, **__: Any) -> Any:
        raise Uncapturable("Python reads a tensor's values in the middle of the step")

    with ExitStack() as stack:
        for name in ("numpy", "tolist", "__array__", "__dlpack__"):
            stack.enter_context(patch.object(torch.Tensor, name, refuse))
        yield


@contextmanager
def _both_branches(tape: _Tape) -> Iterator[None]:
    # keras.ops.cond on torch is Python's `if`. Branches that write nothing may both run, and the result be chosen.
    from keras.src.backend.torch import core

    original = core.cond

    def cond(condition: Any, true: Callable[[], Any], false: Callable[[], Any]) -> Any:
        if not isinstance(condition, torch.Tensor):
            return original(condition, true, false)
        start = len(tape.operations)
        outcomes = true(), false()
        own = memory_made(tape.operations[start:])
        if any(memory(t) not in own for o in tape.operations[start:] for t in o.written):
            raise Uncapturable("a branch of keras.ops.cond assigns a variable")
        return tree.map_structure(lambda a, b: torch.where(condition, a, b), *outcomes)

    with patch.object(core, "cond", cond):
        yield


@contextmanager
def _plain_tracebacks() -> Iterator[None]:
    # Keras would add its calls' arguments to an Uncapturable's message.
    filtering = is_traceback_filtering_enabled()
    disable_traceback_filtering()
    try:
        yield
    finally:
        if filtering:
            enable_traceback_filtering()


# ---------------------------------------------------------------------------------------- tensors


def tensors_in(value: Any) -> list[torch.Tensor]:
    """List the tensors in nested lists, tuples and dictionaries."""
    return [t for t in pytree.tree_leaves(value) if isinstance(t, torch.Tensor)]


def memory(tensor: torch.Tensor) -> int:
    """Return a number for a tensor's memory; views share it, and the tape keeps it from being used again."""
    return int(tensor.untyped_storage()._cdata)


def layout(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Return dtype, shape, strides and device."""
    return tensor.dtype, tuple(tensor.shape), tensor.stride(), tensor.device


def memory_made(operations: list[Operation]) -> set[int]:
    """Return the memory that the operations themselves bring into being."""
    own: set[int] = set()
    others: set[int] = set()
    for o in operations:
        others |= {memory(t) for t in o.inputs} - own
        own |= {memory(t) for t in o.outputs} - others
    return own
