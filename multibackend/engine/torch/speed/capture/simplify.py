"""Simplification of a tape: leave out what needn't run again in each step; the rest computes the same to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from multibackend.engine.torch.speed.capture.tape import Operation, Uncapturable, layout, memory, memory_made

aten = torch.ops.aten

COPIES = (aten.clone.default, aten._to_copy.default)
"""Operations that give the values of their first argument, as a tensor of its own."""

FILLED = (aten.ones_like.default, aten.zeros_like.default, aten.full_like.default)
"""Operations whose results depend on their first argument's shape alone."""


@dataclass(frozen=True)
class Program:
    """The operations that each step must run, its result, and the state whose values were taken for constant."""

    operations: list[Operation]
    result: torch.Tensor
    guarded: list[torch.Tensor]


def simplify(
    operations: list[Operation], rows: torch.Tensor, state: list[torch.Tensor], result: torch.Tensor
) -> Program:
    """Leave out constants, views of what stays in place, needless copies, repetitions, and what nobody uses.

    Raises:
        Uncapturable: Python, or the shape of a result, depends on values that differ from step to step.
    """
    simplifier = _Simplifier(operations, rows, state)
    for operation in operations:
        simplifier.take(operation)
    result = simplifier.of(result)
    kept = _assign_in_place(_drop_unused(simplifier.kept, result))
    return Program(kept, result, list(simplifier.guarded.values()))


class _Simplifier:
    """The operations kept so far, and the facts known about their tensors."""

    def __init__(self, operations: list[Operation], rows: torch.Tensor, state: list[torch.Tensor]) -> None:
        self.kept: list[Operation] = []
        self.state = {id(t): t for t in state}
        self.guarded: dict[int, torch.Tensor] = {}
        self.written = {memory(t) for o in operations for t in o.written}
        self._same: dict[int, torch.Tensor] = {}  # the tensor that stands for another
        self._known: dict[Any, Operation] = {}
        self._whole: dict[int, torch.Tensor] = {}  # by memory, the tensor that it was made for
        made = {id(t) for o in operations for t in o.made}
        given = {id(t): t for o in operations for t in o.inputs if id(t) not in made and t is not rows}
        outside = {memory(t) for t in (rows, *state)}
        self.fixed = set(given)
        """Tensors whose place in memory is the same in every step: what was there before, and views of it."""
        self.constant = {i for i, t in given.items() if memory(t) not in self.written | outside}
        """Tensors whose values are the same in every step."""

    def of(self, value: Any) -> Any:
        """Replace each tensor in the arguments by the one that stands for it."""
        return pytree.tree_map(lambda t: self._same.get(id(t), t) if isinstance(t, torch.Tensor) else t, value)

    def take(self, operation: Operation) -> None:
        """Keep an operation if each step must run it."""
        o = Operation(operation.function, self.of(operation.args), self.of(operation.kwargs), operation.output)
        if o.function is aten._local_scalar_dense.default:
            self._guard(o)
            return
        if o.written:
            self.kept.append(o)
            return
        if self._is_settled(o):
            return
        o = self._of_whole(operation, o)
        if not self._is_repeated(o):
            if torch.Tag.dynamic_output_shape in o.function.tags and not _indexes_by_numbers(o):
                raise Uncapturable(f"the shape that {o.function} returns depends on its values")
            self.kept.append(o)

    def _of_whole(self, operation: Operation, o: Operation) -> Operation:
        """Take a view of a view as a view of the whole, so that those in between needn't be made."""
        places = {memory(t) for t in operation.inputs}
        outputs = o.outputs
        if not {memory(t) for t in outputs} & places:
            self._whole |= {memory(t): t for t in outputs}
        elif len(outputs) == 1 and len(o.inputs) == 1:
            view, whole = outputs[0], self._whole.get(memory(outputs[0]))
            stands = whole is not None and self.of(whole) is whole  # else what stands for it may lie elsewhere
            if stands and o.inputs[0] is not whole:
                geometry = (list(view.shape), list(view.stride()), view.storage_offset())
                return Operation(aten.as_strided.default, (whole, *geometry), {}, view)
        return o

    def _guard(self, o: Operation) -> None:
        """Take a number that Python read for constant, if it comes from variables that the step doesn't write."""
        wanted = {id(t) for t in o.inputs}
        for earlier in reversed(self.kept):
            if wanted & {id(t) for t in earlier.outputs}:
                wanted |= {id(t) for t in earlier.inputs}
        made = {id(t) for earlier in self.kept for t in earlier.made}
        for source in wanted - made - self.constant:
            if source not in self.state or memory(self.state[source]) in self.written:
                raise Uncapturable("Python decides by a tensor's value in the middle of the step")
            self.guarded[source] = self.state[source]

    def _is_settled(self, o: Operation) -> bool:
        """Tell if an operation's outputs are known without running it again; remember them."""
        inputs, outputs = o.inputs, o.outputs
        if len(outputs) == 1 and (stand_in := self._stand_in(o, outputs[0])) is not None:
            self._same[id(outputs[0])] = stand_in
            return True
        is_constant = o.function in FILLED or all(id(t) in self.constant for t in inputs)
        is_view = bool(outputs) and {memory(t) for t in outputs} <= {memory(t) for t in inputs}
        if is_view and all(id(t) in self.fixed for t in inputs):
            self.fixed |= {id(t) for t in outputs}
            self.constant |= {id(t) for t in outputs if is_constant}
            return True
        if is_constant and not any(memory(t) in self.written for t in outputs):
            self.fixed |= {id(t) for t in outputs}
            self.constant |= {id(t) for t in outputs}
            return True
        return False

    def _stand_in(self, o: Operation, output: torch.Tensor) -> torch.Tensor | None:
        """Find an argument of an operation that its output equals in every step."""
        for t in o.inputs:
            if memory(t) == memory(output) and (layout(t), t.storage_offset()) == (
                layout(output),
                output.storage_offset(),
            ):
                return t
        source = self._equal_argument(o)
        if source is None or {memory(source), memory(output)} & self.written:
            return None
        return source if layout(source) == layout(output) else None

    def _equal_argument(self, o: Operation) -> torch.Tensor | None:
        """Find the argument whose values an operation gives, if there is one."""
        first, *rest = (*o.args, None)
        match o.function:
            case aten.mul.Tensor if self._is_all(first, 1):
                source = rest[0]
            case aten.mul.Tensor | aten.div.Tensor if self._is_all(rest[0], 1):
                source = first
            case aten.where.self if self._is_all(first, 1):
                source = rest[0]
            case aten.where.self if self._is_all(first, 0):
                source = rest[1]
            case aten.sum.default if first.dim() == 0:
                source = first
            case function if function in COPIES:
                source = first
            case _:
                source = None
        return source if isinstance(source, torch.Tensor) else None

    def _is_all(self, value: Any, number: int) -> bool:
        return isinstance(value, torch.Tensor) and id(value) in self.constant and bool((value == number).all())

    def _is_repeated(self, o: Operation) -> bool:
        """Tell if the same operation on the same values went before, with a result that nobody writes."""
        if any(memory(t) in self.written for t in (*o.inputs, *o.outputs)):
            return False
        flat, structure = pytree.tree_flatten((o.args, o.kwargs))
        key = (o.function, structure, *((id(v) if isinstance(v, torch.Tensor) else repr(v)) for v in flat))
        first = self._known.setdefault(key, o)
        if first is not o:
            self._same.update((id(b), a) for a, b in zip(first.outputs, o.outputs, strict=True))
        return first is not o


def _indexes_by_numbers(o: Operation) -> bool:
    # Numbers give as many rows whatever they are; masks don't.
    masks = (torch.bool, torch.uint8)
    return o.function is aten.index.Tensor and all(t.dtype not in masks for t in o.args[1] if t is not None)


def _drop_unused(operations: list[Operation], result: torch.Tensor) -> list[Operation]:
    """Keep the operations whose results are used, or that write to what outlives the step."""
    own = memory_made(operations)
    written = {memory(t) for o in operations for t in o.written}
    used, places = {id(result)}, {memory(result)}
    kept = []
    for o in reversed(operations):
        writes = {memory(t) for t in o.written}
        if writes - own or writes & places or used & {id(t) for t in o.outputs}:
            kept.append(o)
            used |= {id(t) for t in o.inputs}
            places |= {memory(t) for t in o.inputs} & written
    return kept[::-1]


def _assign_in_place(operations: list[Operation]) -> list[Operation]:
    """Replace `state.copy_(state + x)` by `state.add_(x)`: Keras assigns, torch adds in place, to the same bits."""
    uses: dict[int, int] = {}
    for o in operations:
        for t in o.inputs:
            uses[id(t)] = uses.get(id(t), 0) + 1
    kept: list[Operation] = []
    for o in operations:
        if kept and uses.get(id(kept[-1].output)) == 1 and _is_sum_assigned(kept[-1], o):
            kept[-1] = Operation(aten.add_.Tensor, kept[-1].args, kept[-1].kwargs, o.args[0])
        else:
            kept.append(o)
    return kept


def _is_sum_assigned(total: Operation, assigned: Operation) -> bool:
    if assigned.function is not aten.copy_.default or total.function is not aten.add.Tensor:
        return False
    target, value = assigned.args[:2]
    return total.args[0] is target and total.output is value and layout(target) == layout(value)
