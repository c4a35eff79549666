"""Judging: the results of one case on all backends, compared pair by pair. `bounds.py` gives the reasons for bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from multibackend.compare.bounds import FLOAT64_BOUND
from multibackend.compare.measures import Array, size_by_norm
from multibackend.compare.participants import Pair
from multibackend.sweep.bounds import (
    EPS,
    FLOOR_UNITS,
    Outcomes,
    count_not_finite,
    find_dtype,
    measure_distance,
    measure_pair,
    take_finite,
)
from multibackend.sweep.case import Case
from multibackend.sweep.results import Outcome

KINDS = ("no result", "raises", "missing", "dtype", "shape", "not finite", "value", "mode")
"""Kinds of finding. `no result`: a backend left none for the case; `mode`: eager and compiled differ on one backend."""


@dataclass(frozen=True)
class Finding:
    """One way in which two backends differ on a case.

    `measured` and `bound` are relative differences, for values. Where the kind is "mode", the pair names one backend
    twice.
    """

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
    """The findings on a case in one precision; it is `unsupported` if it raises on all backends."""

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


def judge(case: Case, precision: str, found: Mapping[str, Outcome | None], exact: Outcomes) -> Verdict:
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
    """Keep one finding for each stage, pair and kind: the one farthest beyond its bound."""
    worst: dict[tuple[str, Pair, str], Finding] = {}
    for finding in findings:
        key = (finding.stage, finding.pair, finding.kind)
        if key not in worst or _measure_excess(finding) > _measure_excess(worst[key]):
            worst[key] = finding
    return list(worst.values())


def _measure_excess(finding: Finding) -> float:
    return 0.0 if finding.measured is None or not finding.bound else finding.measured / finding.bound


def _compare(case: Case, precision: str, pair: Pair, found: Outcomes, exact: Outcomes) -> Iterator[Finding]:
    a, b = (found[backend] for backend in pair)
    for key in dict.fromkeys([*a.arrays, *b.arrays]):
        if key not in a.arrays or key not in b.arrays:
            absent = pair[1] if key in a.arrays else pair[0]
            stage, detail = key.split("/")[0], f"{key}: {absent} has none"
            yield Finding(str(case), precision, stage, "missing", pair, None, None, detail)
        else:
            yield from _compare_array(case, key, precision, pair, found, exact)


def _compare_array(
    case: Case, key: str, precision: str, pair: Pair, found: Outcomes, exact: Outcomes
) -> Iterator[Finding]:
    """Compare an array that both backends have: dtype, shape, places that aren't finite, and values."""
    name, stage = str(case), key.split("/")[0]
    left, right = (found[backend].arrays[key] for backend in pair)
    dtypes = [find_dtype(found[backend], key) for backend in pair]
    if dtypes[0] != dtypes[1]:
        detail = f"{key}: {dtypes[0]} on {pair[0]}, {dtypes[1]} on {pair[1]}"
        yield Finding(name, precision, stage, "dtype", pair, None, None, detail)
    if left.shape != right.shape:
        detail = f"{key}: {left.shape} on {pair[0]}, {right.shape} on {pair[1]}"
        yield Finding(name, precision, stage, "shape", pair, None, None, detail)
        return
    if differing := count_not_finite(left, right):
        described = f"{_describe(left)} on {pair[0]}, {_describe(right)} on {pair[1]}"
        detail = f"{key}: {described}; {differing} of {left.size} differ"
        yield Finding(name, precision, stage, "not finite", pair, None, None, detail)
    measured = measure_pair(case, key, precision, pair, found, exact)
    if measured.difference > measured.bound:
        at = _find_largest(left, right)
        detail = f"{key}: {left[at]!s} on {pair[0]}, {right[at]!s} on {pair[1]} at {at}"
        yield Finding(name, precision, stage, "value", pair, measured.difference, measured.bound, detail)


def _describe(array: Array) -> str:
    counts = {"NaN": np.isnan(array), "inf": array == np.inf, "-inf": array == -np.inf}
    named = [f"{int(np.count_nonzero(mask))} {kind}" for kind, mask in counts.items() if mask.any()]
    return " and ".join(named) or "all finite"


def _find_largest(left: Array, right: Array) -> tuple[int, ...]:
    """Find the index of the largest difference; () for a scalar."""
    a, b = take_finite(left, right)
    where = np.unravel_index(int(np.argmax(np.abs(a - b))), left.shape or (1,))
    return tuple(int(i) for i in where) if left.shape else ()


def _compare_modes(name: str, precision: str, backend: str, outcome: Outcome) -> Iterator[Finding]:
    """Compare what one backend computes eagerly and compiled."""
    for key, compiled in outcome.arrays.items():
        eager = outcome.arrays.get(key.replace("compiled/", "eager/"))
        if not key.startswith("compiled/"):
            continue
        if eager is None or eager.shape != compiled.shape or count_not_finite(eager, compiled):
            detail = f"{key}: not as eager in shape, or in what is finite"
            yield Finding(name, precision, "compiled", "mode", (backend, backend), None, None, detail)
            continue
        size = max(float(size_by_norm(values)[0]) for values in take_finite(eager, compiled))
        measured = measure_distance(eager, compiled) / size if size else 0.0
        bound = FLOAT64_BOUND if precision == "float64" else FLOOR_UNITS * EPS.get(find_dtype(outcome, key), 0.0)
        if measured > bound:
            detail = f"{key}: {measured:.1e} from what it gives eagerly"
            yield Finding(name, precision, "compiled", "mode", (backend, backend), measured, bound, detail)
