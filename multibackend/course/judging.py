"""Judging: the functions that checks are written with. A point is a question about behaviour, worth some marks.

    @point(marks=2)
    def parameters(student: Student) -> None:
        expect_equal(student.build_model().count_params(), 121)

A point is met if its function returns. If it raises, the exception says what was expected and what was got.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from multibackend.course.remote import Student
from multibackend.text import sanitize

SHOWN_CHARACTERS = 200

PART = 1 << 20
"""The number of numbers that are compared at a time."""

DEEPEST = 8
"""The levels of lists within lists that are shown; the course has three at most."""

LARGEST_BITS = 1 << 10
"""The most bits of a whole number that is shown in digits: a float holds no larger one."""

MOST_AXES = 4
"""The most axes of an array whose numbers are shown."""


class Unmet(Exception):
    """A point isn't met. `expected` and `got` are shown to the student.

    `advice` is the key of the exercise's advice on this mistake; empty for the point's own advice.
    """

    def __init__(self, expected: str, got: str, advice: str = "") -> None:
        super().__init__(f"expected {expected}; got {got}")
        self.expected = expected
        self.got = got
        self.advice = advice


@dataclass(frozen=True)
class Point:
    """A question to a submission; its name is its function's name, and the key of its words."""

    name: str
    marks: int
    judge: Callable[[Student], None]


def point(marks: int = 1) -> Callable[[Callable[[Student], None]], Point]:
    """Turn a function that raises where a point isn't met into that point."""
    if marks < 1:
        raise ValueError(f"marks: got {marks}; expected at least 1.")
    return lambda judge: Point(judge.__name__, marks, judge)


def points_of(module: ModuleType) -> tuple[Point, ...]:
    """List the points of a module of checks, in the order in which they are written."""
    return tuple(value for value in vars(module).values() if isinstance(value, Point))


def expect_equal(got: Any, expected: Any, advice: str = "") -> None:
    """Demand plain data of the same type and value; a list and a tuple are alike, and so are 1 and 1.0."""
    if not _is_same(got, expected):
        raise Unmet(show(expected), show(got), advice)


def expect_close(got: Any, expected: Any, tolerance: float, advice: str = "") -> None:
    """Demand finite numbers of the same shape, each within `tolerance` x (1 + |expected|)."""
    expected, numbers = np.asarray(expected), _numbers(got)
    if numbers is None:
        raise Unmet(show(expected), show(got), advice)
    if numbers.shape != expected.shape:
        raise Unmet(f"shape {expected.shape}", f"shape {numbers.shape}", advice)
    if not _are_close(numbers.reshape(-1), expected.reshape(-1), tolerance):
        raise Unmet(show(expected), show(numbers), advice)


def expect_between(got: Any, low: float, high: float, advice: str = "") -> None:
    """Demand a number from `low` to `high`."""
    number = got.item() if isinstance(got, np.ndarray) and got.size == 1 else got
    if type(number) not in (int, float) or not low <= number <= high:
        raise Unmet(f"{low:g} … {high:g}", show(number), advice)


def expect_one_of(got: Any, allowed: Sequence[Any], advice: str = "") -> None:
    """Demand one of some values."""
    if not any(_is_same(got, value) for value in allowed):
        raise Unmet(" | ".join(show(value) for value in allowed), show(got), advice)


def expect(condition: Any, expected: str, got: Any, advice: str = "") -> None:
    """Demand that something holds, and nothing less than True."""
    if condition is not True and not (isinstance(condition, np.bool_) and bool(condition)):
        raise Unmet(expected, show(got), advice)


def show(value: Any) -> str:
    """Show a value in at most some 200 printable characters, however large or deep it is."""
    return sanitize(_show(value, DEEPEST), SHOWN_CHARACTERS)


def _show(value: Any, levels: int) -> str:
    if isinstance(value, np.ndarray):
        return _show_array(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
        return f"{type(value).__name__} of {value.bit_length()} bits"
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "()"
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return left + ", ".join(_show_items(value, levels)) + comma + right
    if isinstance(value, dict):
        return "{" + ", ".join(_show_items(value, levels)) + "}"
    return repr(value[:SHOWN_CHARACTERS] if isinstance(value, (str, bytes)) else value)


def _show_items(items: Sequence[Any] | dict[Any, Any], levels: int) -> Iterator[str]:
    """Show the first items of a list or a dictionary, as many as there is room for."""
    if not levels:
        yield "…"
        return
    length = 0
    for item in items:
        shown = _show(item, levels - 1)
        if isinstance(items, dict):
            shown += ": " + _show(items[item], levels - 1)
        yield shown
        length += len(shown)
        if length > SHOWN_CHARACTERS:
            return


def _show_array(value: np.ndarray) -> str:
    if value.ndim > MOST_AXES:  # NumPy shortens each axis on its own, and none of two
        return f"array of shape {value.shape}"
    return np.array2string(value, precision=4, threshold=12, edgeitems=3, separator=", ").replace("\n", "")


def _numbers(got: Any) -> np.ndarray | None:
    """Return plain numbers as an array, None for anything else."""
    if not isinstance(got, (np.ndarray, np.generic)) and not _is_plain(got):
        return None
    try:
        numbers = np.asarray(got)
    except (ValueError, OverflowError):  # ragged, or too large
        return None
    return numbers if numbers.dtype.kind in "fiub" else None


def _are_close(numbers: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Compare in double precision, part by part: a submission's bytes would take eight times their memory at once."""
    for start in range(0, expected.size, PART):
        left, right = (values[start : start + PART].astype("float64") for values in (numbers, expected))
        finite = np.isfinite(left).all() and np.isfinite(right).all()
        if not (finite and np.all(np.abs(left - right) <= tolerance * (1 + np.abs(right)))):
            return False
    return True


def _is_plain(got: Any) -> bool:
    """Tell whether it is a number or lists of numbers. NumPy would make each of many texts as long as the longest."""
    left = [got]
    while left:
        item = left.pop()
        if isinstance(item, (list, tuple)):
            left += item
        elif not isinstance(item, (int, float, np.ndarray, np.generic)):
            return False
    return True


def _is_same(got: Any, expected: Any) -> bool:
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(got, (list, tuple))
            and len(got) == len(expected)
            and all(_is_same(*pair) for pair in zip(got, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict) and got.keys() == expected.keys() and all(_is_same(got[k], expected[k]) for k in got)
        )
    if isinstance(got, np.ndarray) or isinstance(expected, np.ndarray):
        return isinstance(got, np.ndarray) and np.array_equal(got, np.asarray(expected))
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None:
        return got is expected
    if isinstance(expected, (int, float)):
        return isinstance(got, (int, float)) and got == expected
    return type(got) is type(expected) and bool(got == expected)
