"""Cases: one configuration of one public name of Keras on one set of inputs, as data; no Keras needed.

Every number is drawn with NumPy from the case's own name, and is one that float32 holds, so that float64
and float32 are given the same inputs and float64 is the ground truth of both.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from multibackend.draws.order import make_generator

How = Literal["differentiate", "forward", "metric", "optimizer", "train", "modes"]
"""What is done with a case's subject.

| how | what runs |
|---|---|
| differentiate | one call, and the gradient of sum(output x cotangent) for each floating input and trainable weight |
| forward | one call, eagerly |
| metric | two updates, then the result |
| optimizer | several steps on given gradients |
| train | a small model, several steps of `train_on_batch` |
| modes | a model, called eagerly and compiled as Keras compiles it |
"""

KINDS: dict[str, bool] = {
    "normal": True,
    "offset": True,
    "positive": True,
    "unit": True,
    "image": True,
    "probabilities": True,
    "tiny": True,
    "large": True,
    "-large": True,
    "huge": True,
    "-huge": True,
    "zeros": False,
    "ties": False,
    "binary": False,
    "onehot": False,
    "ints": False,
    "mask": False,
    "values": False,
}
"""Kinds of input, and whether each may be moved by rounding. The others are exact: small whole numbers and ties, where
moving one would ask another question (which of two equal values is the largest?)."""


@dataclass(frozen=True)
class Array:
    """An input: its kind (see `KINDS`) and shape; `high` bounds whole numbers; `values` gives them all."""

    kind: str
    shape: tuple[int, ...]
    high: int = 3
    values: tuple[Any, ...] = ()
    dtype: str = ""

    def draw(self, *key: int) -> np.ndarray:
        """The array: bool, int32, or float64 with values that float32 holds (`dtype` where it is given)."""
        g = make_generator(*key)
        match self.kind:
            case "mask":
                drawn = g.random(self.shape) < 0.7
                drawn[..., 0] = True
            case "ints":
                drawn = g.integers(0, self.high, self.shape).astype("int32")
            case "values":
                drawn = np.asarray(self.values).reshape(self.shape)
            case _:
                drawn = _draw_floats(self.kind, self.shape, g)
        if drawn.dtype == np.float64:
            drawn = drawn.astype(np.float32).astype(np.float64)
        if self.dtype == "bfloat16":  # NumPy has none; the runner casts
            return drawn.astype("float32")
        return drawn.astype(self.dtype) if self.dtype else drawn

    def __str__(self) -> str:
        values = ("FT"[v] if isinstance(v, bool) else str(v) for v in self.values)
        shown = ",".join(values) if self.values else "x".join(map(str, self.shape)) or "scalar"
        if self.values and all(isinstance(v, bool) for v in self.values):
            shown = shown.replace(",", "")
        return f"{self.kind} {shown}{f' {self.dtype}' if self.dtype else ''}"


def _draw_floats(kind: str, shape: tuple[int, ...], g: np.random.Generator) -> np.ndarray:
    normal, unit = g.standard_normal(shape), g.random(shape)
    drawn: dict[str, Any] = {
        "normal": normal,
        "offset": 1e4 + normal,
        "positive": 0.1 + np.abs(normal),
        "unit": 0.01 + 0.98 * unit,
        "image": 255 * unit,
        "tiny": 1e-6 * normal,
        "large": 15 + 65 * unit,
        "-large": -15 - 65 * unit,
        "huge": 1e4 * (1 + unit),
        "-huge": -1e4 * (1 + unit),
        "zeros": np.zeros(shape),
        "ties": g.integers(-2, 3, shape).astype("float64"),
        "binary": g.integers(0, 2, shape).astype("float64"),
    }
    if kind in drawn:
        return np.asarray(drawn[kind], dtype="float64")
    if kind == "onehot":
        return np.eye(shape[-1])[g.integers(0, shape[-1], shape[:-1])]
    assert kind == "probabilities", kind
    powers = np.exp(normal)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Make:
    """A part of a configuration that is itself to be built: its path below `keras`, and its configuration.

    Without a configuration (None) it is what the path names, as it is.
    """

    path: str
    config: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.path.rpartition(".")[2] + ("" if self.config is None else f"({_show(self.config)})")


@dataclass(frozen=True, eq=False)
class Case:
    """One case; `str` names it, and what is drawn for it comes from that name.

    `target` is its path below `keras`. `call` are keyword arguments, `Array`s among them. `listed` passes the inputs
    as one list; `each` calls the subject on so many of them at a time, for subjects without weights. `floatx` is a
    default dtype of its own; such a case runs once. `workarounds` says whether a float64 run works around the float64
    leaks that are known (`multibackend.engine.workarounds`), `drawn` whether what Keras draws comes from NumPy.
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
        """Those it runs in, of float64 and float32."""
        if self.floatx:
            return ("float32",)
        return ("float64", "float32") if self.workarounds else ("float64",)

    @property
    def arrays(self) -> list[Array]:
        """Its inputs, then those of its call, in order."""
        return [*self.inputs, *find_arrays(self.call)]

    def draw(self, batch: int = 0) -> list[np.ndarray]:
        """Its arrays' values, for one of several batches."""
        return [array.draw(self.stream, batch, i) for i, array in enumerate(self.arrays)]

    @property
    def stream(self) -> int:
        """What everything drawn for this case is keyed by."""
        return zlib.crc32(str(self).encode())

    @property
    def movable(self) -> list[bool]:
        """Which of its arrays may be moved by rounding."""
        return [KINDS[array.kind] and not array.dtype for array in self.arrays]

    @property
    def repetitions(self) -> int:
        """2 where moving the inputs by rounding measures something, else 1."""
        return 2 if any(self.movable) else 1


def find_arrays(value: Any) -> list[Array]:
    """The arrays in nested dicts, lists and tuples, in order."""
    if isinstance(value, Array):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [array for part in parts for array in find_arrays(part)]


def replace_arrays(value: Any, replacements: Iterator[Any]) -> Any:
    """The same nested value with each array replaced by the next of these."""
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
    """Every combination of choices, as configurations."""
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))
