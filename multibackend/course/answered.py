"""Answered arrays: arrays from a submission that refuse computations whose result would be too large.

A judge writes `inputs @ kernel + bias`. With a kernel of (12000, 5, 1) and a bias of (1, 1, 12000), which are small to
send, that is an array of 432 million numbers. So every result computed from an answer is bounded in size.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

MOST_NUMBERS = 1 << 24
"""The most numbers in a result that is larger than each of its operands: 128 MiB in double precision."""


class TooMany(ValueError):
    """The result of a computation would have too many numbers."""


class Answered(np.ndarray):
    """An array from a submission, or computed from one."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **details: Any) -> Any:
        arrays = [_plain(value) for value in inputs]
        _demand_few(ufunc, method, [np.shape(value) for value in arrays])
        if "out" in details:
            details["out"] = tuple(_plain(value) for value in details["out"])
        result = getattr(ufunc, method)(*arrays, **details)
        return tuple(map(mark, result)) if isinstance(result, tuple) else mark(result)


def mark(value: Any) -> Any:
    """Mark the arrays in plain data as a submission's."""
    if isinstance(value, np.ndarray):
        return value.view(Answered)
    if isinstance(value, (list, tuple)):
        return type(value)(mark(item) for item in value)
    return {key: mark(item) for key, item in value.items()} if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Answered) else value


def _demand_few(ufunc: np.ufunc, method: str, shapes: list[tuple[int, ...]]) -> None:
    size = 0
    if method == "outer":
        size = math.prod(math.prod(shape) for shape in shapes)
    elif method == "__call__" and ufunc.signature is None:
        size = math.prod(np.broadcast_shapes(*shapes))
    elif method == "__call__" and ufunc is np.matmul and all(shapes):
        left, right = shapes[:2]
        size = (
            math.prod(np.broadcast_shapes(left[:-2], right[:-2])) * math.prod(left[-2:-1]) * math.prod(right[1:][-1:])
        )
    if size > max(MOST_NUMBERS, *map(math.prod, shapes)):
        raise TooMany(f"an array of {size} numbers from {' and '.join(map(str, shapes))}")
