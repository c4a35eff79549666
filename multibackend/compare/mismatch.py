"""Mismatches: what makes two groups of arrays impossible to compare by value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from multibackend.compare.measures import Array
from multibackend.compare.participants import Pair
from multibackend.compare.places import Place, Problem, find_place, report_problem


def find_mismatch(
    a: Mapping[str, Array], b: Mapping[str, Array], pair: Pair, place: Callable[[str], Place] = find_place
) -> Problem | None:
    """Find the first mismatch of two groups of arrays, or None.

    The order is: keys, dtype, shape, finite. NaN agrees with nothing, itself included. `place` gives the place of an
    array from its key.
    """
    if not a and not b:
        return Problem("neither record has an array to compare")
    for key in dict.fromkeys([*a, *b]):
        if key not in a or key not in b:
            there, absent = pair if key in a else pair[::-1]
            return report_problem(place(key), f"{absent} has none; expected it, as in {there}")
    for name in ("dtype", "shape"):
        for key in a:
            left, right = getattr(a[key], name), getattr(b[key], name)
            if left != right:
                return report_problem(place(key), f"{name} {left} on {pair[0]}, {right} on {pair[1]}")
    for key in a:
        for backend, array in zip(pair, (a[key], b[key]), strict=True):
            bad = np.flatnonzero(~np.isfinite(array))
            if len(bad):
                at = f", first at {np.unravel_index(bad[0], array.shape)[0]}" if array.ndim == 1 else ""
                return report_problem(place(key), f"{backend} has {len(bad)} of {array.size} not finite{at}")
    return None
