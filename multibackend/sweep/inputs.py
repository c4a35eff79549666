"""Inputs: arrays of a kind and shape, drawn with NumPy; no Keras needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from multibackend.draws.order import make_generator

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
"""Kinds of input, and whether each may be moved by rounding. The others are exact, small whole numbers and ties: moving
one would ask another question (which of two equal values is the largest?)."""


@dataclass(frozen=True)
class Array:
    """An input: its kind (see `KINDS`) and shape; `high` bounds whole numbers; `values` gives them all."""

    kind: str
    shape: tuple[int, ...]
    high: int = 3
    values: tuple[Any, ...] = ()
    dtype: str = ""

    def draw(self, *key: int) -> np.ndarray:
        """Draw the array: bool, int32, or float64 with values that float32 holds (`dtype` where it is given)."""
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
