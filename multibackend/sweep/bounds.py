"""A sweep's bounds: how far two results of one case may differ, and why. NumPy only.

*float64 decides.* Two backends may differ by `FLOAT64_BOUND`, or by ten times as much as moving the inputs by one unit
in the last place changes the result on the *other* backends: an ill-conditioned question has no exact answer.

*float32 is judged against float64.* The inputs are the same numbers in both precisions, so the float64 results that
agree are the ground truth. The distance of the *other* backends' float32 results from it, with the inputs as they are
and moved, is the envelope. A pair may differ by ten times the smaller of its two envelopes, so a faulty backend can't
widen its own bound. Arrays are measured whole, by norm. Values that are not finite must be so in the same places.

*A result that is small by cancellation is measured against its terms.* The terms that are known are the inputs, and for
a gradient its cotangents, of size one: a result may always differ by `ROUNDING` units of rounding error of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from multibackend.compare.bounds import ENVELOPE_FACTOR, FLOAT64_BOUND, ROUNDING
from multibackend.compare.envelope import find_envelope
from multibackend.compare.measures import Array, Vector, find_median, size_by_norm
from multibackend.compare.participants import Pair
from multibackend.compare.truth import find_agreeing
from multibackend.sweep.case import Case
from multibackend.sweep.results import Outcome

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "bfloat16": 2.0**-7, "float16": 2.0**-10}

FLOOR_UNITS = 16.0
"""Units of rounding error by which float32 and narrower results may differ whatever the envelope: as `NORM_FLOOR` of
`compare/bounds.py`, for what the others' rounding error may by luck not have shown."""

Outcomes = Mapping[str, Outcome]
"""The outcomes of one case in one precision, by backend."""


@dataclass(frozen=True)
class Measure:
    """The relative difference of a pair in an array, and its bound."""

    difference: float
    bound: float


def measure_pair(case: Case, key: str, precision: str, pair: Pair, found: Outcomes, exact: Outcomes) -> Measure:
    """Measure an array of a pair; `exact` are the float64 outcomes that float32 is judged against."""
    a, b = (found[backend].arrays[key] for backend in pair)
    distance = measure_distance(a, b)
    if distance == 0.0:
        return Measure(0.0, 0.0)
    size = max(float(size_by_norm(values)[0]) for values in take_finite(a, b))
    truth = find_truth(case, key, exact)
    reached = {name: _list_reaches(key, outcome, truth, a.shape) for name, outcome in found.items()}
    envelope = float(find_envelope(reached, pair)[0])
    unit = max(EPS.get(find_dtype(found[backend], key), 0.0) for backend in pair)
    if precision == "float64" and "float64" in (find_dtype(found[backend], key) for backend in pair):
        unit = EPS["float64"]  # the other one's narrower dtype is a finding, and no excuse
    floor = FLOAT64_BOUND if unit == EPS["float64"] else FLOOR_UNITS * unit
    allowed = ENVELOPE_FACTOR * envelope + ROUNDING * unit * find_terms(case, key, a.size)
    return Measure(distance / size, floor + allowed / size)


def find_truth(case: Case, key: str, exact: Outcomes) -> Array | None:
    """Find the median of the float64 results that agree, at least two; None where no two do: see `compare/truth.py`."""
    present = {b: o for b, o in exact.items() if key in o.arrays and o.arrays[key].dtype.kind == "f"}
    agreeing = find_agreeing(tuple(present), lambda a, b: _agree(case, key, (a, b), present))
    if not agreeing:
        return None
    with np.errstate(invalid="ignore"):
        return find_median([present[b].arrays[key].astype(np.float64) for b in agreeing])


def _agree(case: Case, key: str, pair: Pair, exact: Outcomes) -> bool:
    a, b = (exact[backend].arrays[key] for backend in pair)
    if a.shape != b.shape or a.dtype != b.dtype or count_not_finite(a, b):
        return False
    measured = measure_pair(case, key, "float64", pair, exact, {})
    return measured.difference <= measured.bound


def _list_reaches(key: str, outcome: Outcome, truth: Array | None, shape: tuple[int, ...]) -> list[Vector]:
    """Measure how far a backend's results lie from the truth, or without one from the result that was not moved."""
    origin = truth if truth is not None else outcome.arrays.get(key)
    if origin is None or origin.shape != shape:
        return []
    arrays = [group[key] for group in (outcome.arrays, outcome.moved) if key in group]
    return [np.array([measure_distance(array, origin)]) for array in arrays if array.shape == shape]


def find_terms(case: Case, key: str, values: int) -> float:
    """Find the size of the known terms of an array: its inputs, and for a gradient the cotangents."""
    stage, _, rest = key.partition("/")
    number = int(digits) if (digits := rest.removeprefix("input ")).isdigit() else -1
    terms = [
        float(size_by_norm(a)[0]) if a.dtype.kind == "f" and np.isfinite(a).all() else 0.0 for a in draw_once(case)
    ]
    if case.each and number >= 0:  # of one call among several
        start = (number if stage == "forward" else number // case.each) * case.each
        terms = terms[start : start + case.each]
    return max([*terms, values**0.5 if stage == "gradient" else 0.0])


@lru_cache(maxsize=4)
def draw_once(case: Case) -> tuple[Array, ...]:
    """Draw a case's arrays, which are kept while it is judged."""
    return tuple(case.draw())


def count_not_finite(a: Array, b: Array) -> int:
    """Count the places where a value isn't finite, unless both hold the same infinity, or both NaN."""
    both = np.isnan(a) & np.isnan(b)
    with np.errstate(invalid="ignore"):
        same = (np.isfinite(a) & np.isfinite(b)) | both | (a == b)
    return int(np.count_nonzero(~same))


def take_finite(a: Array, b: Array) -> tuple[Array, Array]:
    """Turn both into float64, with zero where either isn't finite."""
    where = np.isfinite(a) & np.isfinite(b)
    return np.where(where, a, 0).astype(np.float64), np.where(where, b, 0).astype(np.float64)


def measure_distance(a: Array, b: Array) -> float:
    """Measure the norm of the difference of the values that are finite in both."""
    left, right = take_finite(a, b)
    return float(size_by_norm(left - right)[0])


def find_dtype(outcome: Outcome, key: str) -> str:
    """Find the dtype that an array had on its backend, which NumPy may not have."""
    return outcome.dtypes.get(key, outcome.arrays[key].dtype.name)
