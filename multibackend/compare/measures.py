"""Measures: how far two arrays are from each other. NumPy only; every difference is worked out in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """What makes a stage fail without measuring: one line, and the layer, variable, slot or array that it concerns."""

    detail: str
    where: str = ""


def find_mismatch(a: Mapping[str, Array], b: Mapping[str, Array], pair: tuple[str, str], kind: str) -> Problem | None:
    """What makes two groups of arrays impossible to compare by value, or None where nothing does.

    In this order: keys, dtype, shape, finite. NaN agrees with nothing, itself included.
    """
    if not a and not b:
        return Problem(f"no {kind} in either record")
    for key in dict.fromkeys([*a, *b]):
        if key not in a or key not in b:
            there, absent = pair if key in a else pair[::-1]
            return Problem(f"{kind} {key}: {absent} has none; expected it, as in {there}", key)
    for name in ("dtype", "shape"):
        for key in a:
            left, right = getattr(a[key], name), getattr(b[key], name)
            if left != right:
                return Problem(f"{kind} {key}: {name} {left} on {pair[0]}, {right} on {pair[1]}", key)
    for key in a:
        for backend, array in zip(pair, (a[key], b[key]), strict=True):
            bad = np.flatnonzero(~np.isfinite(array))
            if len(bad):
                at = f", first at {np.unravel_index(bad[0], array.shape)[0]}" if array.ndim == 1 else ""
                return Problem(f"{kind} {key}: {backend} has {len(bad)} of {array.size} not finite{at}", key)
    return None


def size_by_norm(array: Array) -> Vector:
    """The Euclidean norm, shape (1,); scaled first, so that its square can't overflow.

    Tensors are measured whole: after cancellation an element's own ULPs mean nothing.
    """
    values = np.asarray(array, dtype=np.float64).ravel()
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return np.array([largest])
    scaled = values / largest
    # NumPy's own sum, which no BLAS splits between threads: the same bits on any number of cores.
    return np.array([largest * float(np.sqrt(np.sum(np.square(scaled, out=scaled))))])


def size_by_step(array: Array) -> Vector:
    """The magnitude of each value, shape (steps,); a scalar counts as one step."""
    return np.abs(np.asarray(array, dtype=np.float64).ravel())


def find_median(arrays: Sequence[Array]) -> Array:
    """The median of two or three arrays, value by value, in a tenth of `np.median`'s time."""
    if len(arrays) == 2:
        return np.asarray((arrays[0] + arrays[1]) / 2)
    a, b, c = arrays
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def divide(distance: Vector, magnitude: Vector) -> Vector:
    """Relative differences: 0/0 is 0 (both are zero: equal), x/0 is infinite."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = distance / magnitude
    return np.where(distance == 0.0, 0.0, ratio)


FLOAT32_LARGEST = float(np.finfo(np.float32).max)


def count_in_range(losses: Array) -> int:
    """The number of steps before the first whose loss is no number that float32 can hold (3.4e38), in either precision.

    One limit for both: a training that overflows float32 may reach 1e40 in float64 and no further.
    """
    bad = np.flatnonzero(~(np.abs(losses) <= FLOAT32_LARGEST))
    return int(bad[0]) if len(bad) else len(losses)


def count_differing_bits(a: Array, b: Array) -> int:
    """The number of elements that are not the same to the bit; both of one dtype and shape."""
    a, b = (np.ascontiguousarray(array).view(np.uint8).reshape(-1, array.dtype.itemsize) for array in (a, b))
    differing = a != b
    return int(differing.any(axis=1).sum()) if differing.any() else 0
