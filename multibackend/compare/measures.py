"""Measures: sizes and differences of arrays. NumPy only; every difference is computed in float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Vector = npt.NDArray[np.float64]


def size_by_norm(array: Array) -> Vector:
    """Compute the Euclidean norm, of shape (1,), of values that are scaled first, so that no square overflows.

    Tensors are measured whole: after cancellation the ULPs of one element mean nothing.
    """
    values = np.asarray(array, dtype=np.float64).ravel()
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return np.array([largest])
    scaled = values / largest
    # NumPy's own sum, which no BLAS splits between threads: the same bits on any number of cores.
    return np.array([largest * float(np.sqrt(np.sum(np.square(scaled, out=scaled))))])


def size_by_step(array: Array) -> Vector:
    """Compute the magnitude of each value, of shape (steps,); a scalar counts as one step."""
    return np.abs(np.asarray(array, dtype=np.float64).ravel())


def find_median(arrays: Sequence[Array]) -> Array:
    """Compute the median of two or more arrays, value by value; of two or three in a tenth of `np.median`'s time."""
    match arrays:
        case [a, b]:
            return np.asarray((a + b) / 2)
        case [a, b, c]:
            return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    return np.asarray(np.median(np.stack(arrays), axis=0))


def divide(distance: Vector, magnitude: Vector) -> Vector:
    """Compute relative differences, where 0/0 is 0 (both sides are zero, so they are equal) and x/0 is infinite."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = distance / magnitude
    return np.where(distance == 0.0, 0.0, ratio)


FLOAT32_LARGEST = float(np.finfo(np.float32).max)


def count_in_range(losses: Array) -> int:
    """Count the steps before the first whose loss is beyond float32's range (3.4e38) or NaN.

    Both precisions have this one limit: a training that overflows float32 may reach 1e40 in float64 and no further.
    """
    bad = np.flatnonzero(~(np.abs(losses) <= FLOAT32_LARGEST))
    return int(bad[0]) if len(bad) else len(losses)


def count_differing_bits(a: Array, b: Array) -> int:
    """Count the elements of two arrays, of one dtype and shape, that differ in any bit."""
    a, b = (np.ascontiguousarray(array).view(np.uint8).reshape(-1, array.dtype.itemsize) for array in (a, b))
    differing = a != b
    return int(differing.any(axis=1).sum()) if differing.any() else 0
