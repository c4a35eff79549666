"""Judging: what backends gave for the same case, compared pair by pair, with bounds that have reasons. NumPy only.

*float64 decides.* Two backends may be `FLOAT64_BOUND` apart, or ten times as far as moving the inputs by one unit in
the last place carries the result on the *other* backends: an ill-conditioned question has no exact answer.

*float32 is judged against float64.* The inputs are the same numbers in both precisions, so the float64 results that
agree are the truth; how far the *other* backends' float32 results are from it, with the inputs as they are and moved,
is the envelope, and a pair may be ten times the smaller of its two envelopes apart. So a faulty backend can't widen its
own bound. Arrays are measured whole, by norm; where values are not finite, they must be so in the same places.

*What is small by cancellation is measured against its terms.* The terms that are known are the inputs, and for a
gradient its cotangents, of size one: a result may always differ by `ROUNDING` units of rounding of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from multibackend.compare.bounds import ENVELOPE_FACTOR, FLOAT64_BOUND, ROUNDING
from multibackend.compare.measures import Array, find_median, size_by_norm
from multibackend.sweep.case import Case
from multibackend.sweep.results import Outcome

KINDS = ("no result", "raises", "missing", "dtype", "shape", "not finite", "value", "mode")
"""Kinds of finding. `no result`: a backend left none for the case; `mode`: eager and compiled differ on one backend."""

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "bfloat16": 2.0**-7, "float16": 2.0**-10}

FLOOR_UNITS = 16.0
"""Units of rounding by which float32 and narrower results may differ whatever the envelope: as `NORM_FLOOR` of
`compare/bounds.py`, for what the others' rounding may by luck not have shown."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """One way in which two backends part on a case. `measured` and `bound` are relative differences, for values."""

    case: str
    precision: str
    stage: str
    kind: str
    pair: Pair
    measured: float | None
    bound: float | None
    detail: str


@dataclass(frozen=True)
class Verdict:
    """A case in one precision: its findings, and who raised; `unsupported` where all did."""

    case: str
    precision: str
    findings: tuple[Finding, ...]
    unsupported: bool = False


def judge_all(
    cases: Sequence[Case], outcomes: Iterable[Outcome], backends: Sequence[str], precisions: Sequence[str]
) -> list[Verdict]:
    """Judge every case in every precision that it runs in; a backend without a result is a finding."""
    by_run = {(o.case, o.precision, o.backend): o for o in outcomes}
    verdicts = []
    for case in cases:
        exact = {b: o for b in backends if (o := by_run.get((str(case), "float64", b))) and not o.error}
        for precision in precisions:
            if precision in case.precisions:
                found = {b: by_run.get((str(case), precision, b)) for b in backends}
                verdicts.append(judge(case, precision, found, exact if precision == "float32" else {}))
    return verdicts


def judge(case: Case, precision: str, found: Mapping[str, Outcome | None], exact: Mapping[str, Outcome]) -> Verdict:
    """Judge a case; `exact` are the float64 outcomes that float32 ones are judged against."""
    name = str(case)
    raised = {b for b, o in found.items() if o is not None and o.error}
    if found and raised == set(found):
        return Verdict(name, precision, (), unsupported=True)
    findings: list[Finding] = []
    for pair in combinations(found, 2):
        a, b = (found[backend] for backend in pair)
        if a is None or b is None:
            absent = pair[0] if a is None else pair[1]
            findings.append(Finding(name, precision, "", "no result", pair, None, None, f"{absent} left no result"))
        elif a.error or b.error:
            if not (a.error and b.error):
                who, error = (pair[0], a.error) if a.error else (pair[1], b.error)
                findings.append(Finding(name, precision, "", "raises", pair, None, None, f"{who}: {error}"))
        else:
            present = {backend: o for backend, o in found.items() if o is not None and not o.error}
            findings += _compare(case, precision, pair, present, exact)
    for backend, outcome in found.items():
        if outcome is not None and not outcome.error:
            findings += _compare_modes(name, precision, backend, outcome)
    return Verdict(name, precision, tuple(_keep_worst(findings)))


def _keep_worst(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each stage, pair and kind: the one farthest beyond its bound."""
    worst: dict[tuple[str, Pair, str], Finding] = {}
    for finding in findings:
        key = (finding.stage, finding.pair, finding.kind)
        if key not in worst or _excess(finding) > _excess(worst[key]):
            worst[key] = finding
    return list(worst.values())


def _excess(finding: Finding) -> float:
    return 0.0 if finding.measured is None or not finding.bound else finding.measured / finding.bound


def _compare(
    case: Case, precision: str, pair: Pair, found: Mapping[str, Outcome], exact: Mapping[str, Outcome]
) -> Iterator[Finding]:
    name = str(case)
    a, b = (found[backend] for backend in pair)
    for key in dict.fromkeys([*a.arrays, *b.arrays]):
        stage = key.split("/")[0]
        if key not in a.arrays or key not in b.arrays:
            absent = pair[1] if key in a.arrays else pair[0]
            yield Finding(name, precision, stage, "missing", pair, None, None, f"{key}: {absent} has none")
            continue
        left, right = a.arrays[key], b.arrays[key]
        dtypes = [_dtype(outcome, key) for outcome in (a, b)]
        if dtypes[0] != dtypes[1]:
            detail = f"{key}: {dtypes[0]} on {pair[0]}, {dtypes[1]} on {pair[1]}"
            yield Finding(name, precision, stage, "dtype", pair, None, None, detail)
        if left.shape != right.shape:
            detail = f"{key}: {left.shape} on {pair[0]}, {right.shape} on {pair[1]}"
            yield Finding(name, precision, stage, "shape", pair, None, None, detail)
            continue
        if differing := _count_not_finite(left, right):
            described = f"{_describe(left)} on {pair[0]}, {_describe(right)} on {pair[1]}"
            detail = f"{key}: {described}; {differing} of {left.size} differ"
            yield Finding(name, precision, stage, "not finite", pair, None, None, detail)
        measured, bound = _measure(case, key, precision, pair, found, exact)
        if measured > bound:
            where = np.unravel_index(
                int(np.argmax(np.abs(_finite(left, right)[0] - _finite(left, right)[1]))), left.shape or (1,)
            )
            at = tuple(int(i) for i in where) if left.shape else ()
            detail = f"{key}: {left[at]!s} on {pair[0]}, {right[at]!s} on {pair[1]} at {at}"
            yield Finding(name, precision, stage, "value", pair, measured, bound, detail)


def _count_not_finite(a: Array, b: Array) -> int:
    """How many places hold a value that isn't finite, or is so in another way."""
    both = np.isnan(a) & np.isnan(b)
    with np.errstate(invalid="ignore"):
        same = (np.isfinite(a) & np.isfinite(b)) | both | (a == b)
    return int(np.count_nonzero(~same))


def _describe(array: Array) -> str:
    counts = {"NaN": np.isnan(array), "inf": array == np.inf, "-inf": array == -np.inf}
    named = [f"{int(np.count_nonzero(mask))} {kind}" for kind, mask in counts.items() if mask.any()]
    return " and ".join(named) or "all finite"


def _finite(a: Array, b: Array) -> tuple[Array, Array]:
    """Both in float64, zero where either isn't finite."""
    where = np.isfinite(a) & np.isfinite(b)
    return np.where(where, a, 0).astype(np.float64), np.where(where, b, 0).astype(np.float64)


def _distance(a: Array, b: Array) -> float:
    left, right = _finite(a, b)
    return float(size_by_norm(left - right)[0])


def _measure(
    case: Case, key: str, precision: str, pair: Pair, found: Mapping[str, Outcome], exact: Mapping[str, Outcome]
) -> tuple[float, float]:
    """The relative difference of a pair in an array, and its bound."""
    a, b = (found[backend].arrays[key] for backend in pair)
    distance = _distance(a, b)
    if distance == 0.0:
        return 0.0, 0.0
    size = max(float(size_by_norm(values)[0]) for values in _finite(a, b))
    truth = find_truth(case, key, exact)
    envelope = min(_reach(key, [o for other, o in found.items() if other != one], truth, a.shape) for one in pair)
    unit = max(EPS.get(_dtype(found[backend], key), 0.0) for backend in pair)
    if precision == "float64" and "float64" in (_dtype(found[backend], key) for backend in pair):
        unit = EPS["float64"]  # the other one's narrower dtype is a finding, and no excuse
    floor = FLOAT64_BOUND if unit == EPS["float64"] else FLOOR_UNITS * unit
    return distance / size, floor + (
        ENVELOPE_FACTOR * envelope + ROUNDING * unit * find_terms(case, key, a.size)
    ) / size


def _dtype(outcome: Outcome, key: str) -> str:
    return outcome.dtypes.get(key, outcome.arrays[key].dtype.name)


def find_terms(case: Case, key: str, values: int) -> float:
    """The size of the known terms of an array: its inputs, and for a gradient the cotangents."""
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
    """A case's arrays, kept while it is judged."""
    return tuple(case.draw())


def _reach(key: str, others: Iterable[Outcome], truth: Array | None, shape: tuple[int, ...]) -> float:
    """How far rounding carries an array on these backends: from the truth, or without one from where they started."""
    reached = [0.0]
    for outcome in others:
        origin = truth if truth is not None else outcome.arrays.get(key)
        for arrays in (outcome.arrays, outcome.moved):
            if key in arrays and origin is not None and arrays[key].shape == origin.shape == shape:
                reached.append(_distance(arrays[key], origin))
    return max(reached)


def find_truth(case: Case, key: str, exact: Mapping[str, Outcome]) -> Array | None:
    """The median of the float64 results that agree, at least two; None where no two do."""
    present = {b: o for b, o in exact.items() if key in o.arrays and o.arrays[key].dtype.kind == "f"}
    for count in range(len(present), 1, -1):
        for group in combinations(present, count):
            if all(_agree(case, key, pair, present) for pair in combinations(group, 2)):
                with np.errstate(invalid="ignore"):
                    return find_median([present[b].arrays[key].astype(np.float64) for b in group])
    return None


def _agree(case: Case, key: str, pair: Pair, exact: Mapping[str, Outcome]) -> bool:
    a, b = (exact[backend].arrays[key] for backend in pair)
    if a.shape != b.shape or a.dtype != b.dtype or _count_not_finite(a, b):
        return False
    measured, bound = _measure(case, key, "float64", pair, exact, {})
    return measured <= bound


def _compare_modes(name: str, precision: str, backend: str, outcome: Outcome) -> Iterator[Finding]:
    for key, compiled in outcome.arrays.items():
        eager = outcome.arrays.get(key.replace("compiled/", "eager/"))
        if not key.startswith("compiled/"):
            continue
        dtype = outcome.dtypes.get(key, compiled.dtype.name)
        if eager is None or eager.shape != compiled.shape or _count_not_finite(eager, compiled):
            detail = f"{key}: not as eager in shape, or in what is finite"
            yield Finding(name, precision, "compiled", "mode", (backend, backend), None, None, detail)
            continue
        size = float(max(size_by_norm(_finite(eager, compiled)[0])[0], size_by_norm(_finite(eager, compiled)[1])[0]))
        measured = _distance(eager, compiled) / size if size else 0.0
        bound = FLOAT64_BOUND if precision == "float64" else FLOOR_UNITS * EPS.get(dtype, 0.0)
        if measured > bound:
            detail = f"{key}: {measured:.1e} from what it gives eagerly"
            yield Finding(name, precision, "compiled", "mode", (backend, backend), measured, bound, detail)
