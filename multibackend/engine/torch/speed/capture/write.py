"""The source of a captured step: one line a call, and memory given back as soon as nothing needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils import _pytree as pytree

from multibackend.engine.torch.speed.capture.tape import Operation, layout, memory, memory_made, tensors_in

aten = torch.ops.aten

IN_PLACE = {
    aten.add.Tensor: torch.Tensor.add_,
    aten.sub.Tensor: torch.Tensor.sub_,
    aten.mul.Tensor: torch.Tensor.mul_,
    aten.div.Tensor: torch.Tensor.div_,
    aten.add.Scalar: torch.Tensor.add_,
    aten.mul.Scalar: torch.Tensor.mul_,
    aten.relu.default: torch.relu_,
    aten.clamp.default: torch.clamp_,
    aten.log.default: torch.log_,
    aten.exp.default: torch.exp_,
    aten.sqrt.default: torch.sqrt_,
    aten.neg.default: torch.neg_,
    aten.sigmoid.default: torch.sigmoid_,
    aten.tanh.default: torch.tanh_,
}
"""Operations that may write over their first argument once nothing needs it any more, to the same bits."""


def write(
    operations: list[Operation], rows: torch.Tensor, result: torch.Tensor
) -> tuple[Callable[[torch.Tensor], torch.Tensor], str, dict[str, Any]]:
    """Write a function of the rows' numbers that runs the operations; return it, its source, and what it binds."""
    names = _Names(rows)
    lines = [f"    {line}" for line in _lines(operations, result, names)]
    signature = ", ".join(["rows", *(f"{name}={name}" for name in names.bound)])  # local names are found fastest
    source = "\n".join([f"def step({signature}):", *lines, ""])
    namespace = dict(names.bound)
    exec(compile(source, "<captured step>", "exec"), namespace)
    return namespace["step"], source, names.bound


class _Names:
    """The names that the function gives to the tensors of the step, and to the values bound from outside."""

    def __init__(self, rows: torch.Tensor) -> None:
        self.bound: dict[str, Any] = {}
        self._tensors = {id(rows): "rows"}
        self._others: dict[int, str] = {}

    def bind(self, value: Any) -> str:
        """Return the name of a value from outside."""
        if id(value) not in self._others:
            self._others[id(value)] = f"c{len(self.bound)}"
            # Without its history: the same memory, but no parameter that autograd watches.
            self.bound[self._others[id(value)]] = value.detach() if isinstance(value, torch.Tensor) else value
        return self._others[id(value)]

    def make(self, tensor: torch.Tensor) -> str:
        """Return the name of a tensor that a line brings into being."""
        return self._tensors.setdefault(id(tensor), f"t{len(self._tensors)}")

    def is_made(self, tensor: torch.Tensor) -> bool:
        """Tell if a line has brought it into being."""
        return id(tensor) in self._tensors

    def of(self, value: Any) -> str:
        """Return an argument as source."""
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(self.of(v) for v in value)}]"
        if isinstance(value, torch.Tensor) and self.is_made(value):
            return self._tensors[id(value)]
        return repr(value) if isinstance(value, (int, bool, str, type(None))) else self.bind(value)


def _lines(operations: list[Operation], result: torch.Tensor, names: _Names) -> Iterator[str]:
    last = {id(t): (i, t) for i, o in enumerate(operations) for t in (*o.inputs, *o.outputs) if t is not result}
    dying: dict[int, list[torch.Tensor]] = {}
    for i, tensor in last.values():
        dying.setdefault(i, []).append(tensor)
    reusing = _find_reusing(operations, result)
    for i, o in enumerate(operations):
        function = names.bind(IN_PLACE[o.function] if o in reusing else _find_callable(o))
        arguments = [names.of(a) for a in o.args] + [f"{key}={names.of(a)}" for key, a in o.kwargs.items()]
        call = f"{function}({', '.join(arguments)})"
        if o.written or not o.outputs:
            yield call
        elif isinstance(o.output, torch.Tensor):
            yield f"{names.make(o.output)} = {call}"
        else:
            yield f"{', '.join(names.make(t) if isinstance(t, torch.Tensor) else '_' for t in o.output)}, = {call}"
        dead = [names.of(t) for t in dying.get(i, ()) if names.is_made(t)]
        dead = [name for name in dead if name != "rows"]
        if dead:
            yield f"del {', '.join(dead)}"  # its memory is the next operation's, still in the cache
    yield f"return {names.of(result)}"


def _find_reusing(operations: list[Operation], result: torch.Tensor) -> set[Operation]:
    """Find the operations that may write over their first argument: made in this step, same layout, read no more."""
    made = memory_made(operations) - {memory(t) for o in operations for t in o.written}
    last_read = {memory(t): i for i, o in enumerate(operations) for t in o.inputs}
    last_read[memory(result)] = len(operations)
    reusing = set()
    for i, o in enumerate(operations):
        if o.function not in IN_PLACE or not isinstance(o.args[0], torch.Tensor):
            continue
        first = o.args[0]
        place = memory(first)
        alone = sum(memory(t) == place for t in o.inputs) == 1
        if place in made and last_read[place] == i and alone and layout(first) == layout(o.output):
            reusing.add(o)
    return reusing


def _find_callable(o: Operation) -> Any:
    """Find an operation's Python binding that takes the same arguments: 1 us a call less than the overload."""
    name = o.function._schema.name.split("::")[1]
    written = {memory(t) for t in o.written}

    def spare(value: Any) -> Any:
        return value.detach().clone() if isinstance(value, torch.Tensor) and memory(value) in written else value

    for holder in (torch, torch._C._nn, torch.Tensor) if o.inputs else ():
        binding = getattr(holder, name, None)
        if callable(binding):
            args, kwargs = pytree.tree_map(spare, (o.args, o.kwargs))
            try:
                output = binding(*args, **kwargs)
            except (TypeError, RuntimeError, ValueError):
                continue
            if o.output is None or [layout(t) for t in tensors_in(output)] == [layout(t) for t in o.outputs]:
                return binding
    return o.function
