"""The ground truth: what the float64 results that agree with one another say. NumPy only.

A faulty result must have no part in it, so at least two results must agree. It is their median, value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

T = TypeVar("T")


def find_agreeing(results: Sequence[T], agree: Callable[[T, T], bool]) -> tuple[T, ...]:
    """Find the largest group, of two or more, in which every two results agree; the first of several that overlap.

    Nothing is returned where no two agree, nor where two separate groups are equally large: neither is the truth then.
    `agree` is called at most once for each pair.
    """
    indices = range(len(results))
    agreeing = {(i, j) for i, j in combinations(indices, 2) if agree(results[i], results[j])}
    for count in range(len(results), 1, -1):
        groups = [group for group in combinations(indices, count) if agreeing.issuperset(combinations(group, 2))]
        if groups:
            divided = any(set(groups[0]).isdisjoint(group) for group in groups)
            return () if divided else tuple(results[i] for i in groups[0])
    return ()
