"""Cases: one configuration of one public name of Keras on one set of inputs, as data; no Keras needed.

Every number is drawn with NumPy from the case's own name, and float32 can hold it. So float64 and float32 get the same
inputs, and float64 is the ground truth of both.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from multibackend.sweep.inputs import KINDS, Array

How = Literal["differentiate", "forward", "metric", "optimizer", "train", "modes"]
"""A way to run a case's subject.

| how | what runs |
|---|---|
| differentiate | one call, and the gradient of sum(output x cotangent) for each floating input and trainable weight |
| forward | one call, eagerly |
| metric | two updates, then the result |
| optimizer | several steps on given gradients |
| train | a small model, several steps of `train_on_batch` |
| modes | a model, called eagerly and compiled as Keras compiles it |
"""


@dataclass(frozen=True)
class Make:
    """An object within a configuration that is itself to be built: its path below `keras`, and its configuration.

    Without a configuration (None) it is the object that the path names.
    """

    path: str
    config: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.path.rpartition(".")[2] + ("" if self.config is None else f"({_show(self.config)})")


@dataclass(frozen=True, eq=False)
class Case:
    """One case; `str` names it, and its random numbers come from that name.

    `target` is its path below `keras`. `call` holds keyword arguments, `Array`s among them. `listed` passes the inputs
    as one list. `each` calls the subject on so many of them at a time, for subjects without weights. `floatx` is a
    default dtype of its own; such a case runs once. `workarounds` says whether a float64 run works around the known
    float64 leaks (`multibackend.engine.workarounds`). `drawn` says whether NumPy draws Keras' random numbers.
    """

    target: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Array, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    how: How = "differentiate"
    listed: bool = False
    each: int = 0
    floatx: str = ""
    workarounds: bool = True
    drawn: bool = True

    def __str__(self) -> str:
        shown = f"{self.target}({_show(self.config)})"
        shown += "".join(f" {array}" for array in self.inputs)
        shown += f" [{_show(self.call)}]" if self.call else ""
        shown += f" floatx={self.floatx}" if self.floatx else ""
        shown += "" if self.workarounds else " without workarounds"
        shown += "" if self.drawn else " as Keras draws"
        return shown + (" " + self.how if self.how in ("train", "modes") else "")

    def __hash__(self) -> int:
        return self.stream

    @property
    def family(self) -> str:
        """The public namespace: layers, losses, ..."""
        return self.target.split(".")[0]

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions that it runs in."""
        if self.floatx:
            return ("float32",)
        return ("float64", "float32") if self.workarounds else ("float64",)

    @property
    def arrays(self) -> list[Array]:
        """The arrays among its inputs, then those of its call, in order."""
        return [*self.inputs, *find_arrays(self.call)]

    def draw(self, batch: int = 0) -> list[np.ndarray]:
        """Draw its arrays' values, for one of several batches."""
        return [array.draw(self.stream, batch, i) for i, array in enumerate(self.arrays)]

    @property
    def stream(self) -> int:
        """The key of all its random numbers."""
        return zlib.crc32(str(self).encode())

    @property
    def movable(self) -> list[bool]:
        """One value for each of its arrays: True if it may be moved by rounding."""
        return [KINDS[array.kind] and not array.dtype for array in self.arrays]

    @property
    def repetitions(self) -> int:
        """The number of runs: 2 where moving the inputs by rounding measures something, else 1."""
        return 2 if any(self.movable) else 1


def find_arrays(value: Any) -> list[Array]:
    """List the arrays in nested dicts, lists and tuples, in order."""
    if isinstance(value, Array):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [array for part in parts for array in find_arrays(part)]


def replace_arrays(value: Any, replacements: Iterator[Any]) -> Any:
    """Return the same nested value with each array replaced by the next of these."""
    if isinstance(value, Array):
        return next(replacements)
    if isinstance(value, Mapping):
        return {key: replace_arrays(part, replacements) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(replace_arrays(part, replacements) for part in value)
    return value


def _show(config: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_show_value(value)}" for key, value in config.items())


def _show_value(value: Any) -> str:
    if isinstance(value, Make | Array):
        return str(value)
    if isinstance(value, list | tuple) and any(isinstance(v, Make | Array) for v in value):
        return "[" + ", ".join(map(_show_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + _show(value) + "}"
    return repr(value)


def grid(**choices: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield every combination of choices, as configurations."""
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))
