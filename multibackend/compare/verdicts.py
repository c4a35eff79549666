"""Verdicts: one stage of one pair, judged from the records alone, before anything known upstream is considered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from multibackend.compare.bounds import ENVELOPE_FACTOR, FLOAT64_BOUND, Judged, Quantity, judge
from multibackend.compare.findings import STAGES, Finding, Status
from multibackend.compare.interchange import judge_interchange
from multibackend.compare.measures import Problem, find_mismatch
from multibackend.compare.runs import Ensemble
from multibackend.compare.stages import (
    compare_data,
    compare_structure,
    compare_weights,
    list_quantities,
    select_arrays,
)
from multibackend.compare.suspects import Pair
from multibackend.compare.trajectories import Divergence, examine_divergence

EQUAL = "equal to the bit"

DRIFTING = ("step losses", "converged loss", "test metrics")
"""Stages after many steps, in which rounding may have grown."""

DRIFT_FACTOR = 10.0
"""How many times its floor a difference is that no rounding of one step explains: it is called drift."""


def judge_pair(ensemble: Ensemble, precision: str, pair: Pair) -> list[Finding]:
    """A finding for every stage of a pair, both of whose trainings finished."""
    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    divergence = None
    if records[0].diverges and not any(find_gap(ensemble, precision, b, "step losses") for b in pair):
        divergence = examine_divergence(ensemble, precision, pair)
    findings = []
    for stage in STAGES:
        problem = find_silent_or_missing(ensemble, precision, pair, stage)
        if problem:
            blank = Finding(ensemble.experiment, precision, pair, stage, "fail", None, None, "")
            findings.append(_fail(blank, problem))
        elif divergence and STAGES.index(stage) > STAGES.index("step losses"):
            status: Status = "fail" if divergence.problem else "diverged as meant"
            detail = divergence.problem or f"not compared: {divergence.detail}"
            findings.append(Finding(ensemble.experiment, precision, pair, stage, status, None, None, detail))
        else:
            findings.append(_judge_stage(ensemble, precision, pair, stage, divergence))
    return findings


def find_gap(ensemble: Ensemble, precision: str, backend: str, stage: str) -> Problem | None:
    """What a training lacks at a stage, if anything; one whose structure doesn't say what must be there lacks all."""
    gaps = ensemble.gaps.get((precision, backend), {})
    if "structure" in gaps and stage != "structure":
        return Problem(f"not compared: {backend}'s structure doesn't say what must be there")
    return gaps.get(stage)


def find_silent_or_missing(ensemble: Ensemble, precision: str, pair: Pair, stage: str) -> Problem | None:
    """What makes a stage fail on one side alone: something lacks, or all of it is zero throughout."""
    for backend in pair:
        if problem := find_gap(ensemble, precision, backend, stage):
            return problem
    silences = [ensemble.silences[key] for b in pair if (key := (precision, b)) in ensemble.silences]
    return next((silence.problems[stage] for silence in silences if stage in silence.problems), None)


def _judge_stage(ensemble: Ensemble, precision: str, pair: Pair, stage: str, divergence: Divergence | None) -> Finding:
    blank = Finding(ensemble.experiment, precision, pair, stage, "pass", None, None, "")
    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    if stage in ("structure", "data"):
        problem = (compare_structure if stage == "structure" else compare_data)(records, pair)
        origin = records[0].digests.get("origin", "") if stage == "data" else ""
        equal = f"equal: {origin}" if origin else "equal"
        return _fail(blank, problem) if problem else replace(blank, measured=0.0, bound=0.0, detail=equal)
    if stage == "interchange":
        found = judge_interchange(ensemble, blank)
        return _fail(blank, found) if isinstance(found, Problem) else found
    diverging = divergence if stage == "step losses" else None
    problem = Problem(diverging.problem) if diverging and diverging.problem else None
    arrays = [select_arrays(record, stage) for record in records]
    if diverging:
        arrays = [{key: value[: diverging.steps] for key, value in group.items()} for group in arrays]
    problem = problem or find_mismatch(arrays[0], arrays[1], pair, _kind(stage))
    if problem:
        return _fail(blank, problem)
    if stage == "initial weights":
        measured, problem = compare_weights(records, pair)
        same = replace(blank, measured=measured, bound=0.0, detail=EQUAL)
        return _fail(same, problem) if problem else same
    steps = diverging.steps if diverging else None
    judged = [(q, judge(ensemble, precision, pair, q, steps)) for q in list_quantities(records, stage)]
    finding = _decide(blank, ensemble, judged)
    if diverging and not finding.failed:
        detail = f"{diverging.detail}; until then {finding.detail}"
        return replace(finding, status="diverged as meant", detail=detail)
    return finding


def _fail(finding: Finding, problem: Problem) -> Finding:
    # At the stage interchange `where` says whose file it is, which is no place in the model.
    places = (problem.where,) if problem.where and finding.stage != "interchange" else ()
    return replace(finding, status="fail", detail=problem.detail, where=problem.where, places=places)


def _kind(stage: str) -> str:
    kinds = {
        "initial outputs": "layer",
        "initial weights": "variable",
        "gradients": "variable",
        "first update": "update of",
    }
    return kinds.get(stage, stage)


def _decide(blank: Finding, ensemble: Ensemble, judged: list[tuple[Quantity, Judged]]) -> Finding:
    """The finding of a stage, from those of its quantities."""
    judged = [(quantity, found) for quantity, found in judged if found.measured.size]
    if not judged:
        return replace(blank, measured=0.0, bound=0.0, detail="no finite step")
    worst = max(judged, key=lambda item: (float(item[1].excess.max()), float(item[1].measured.max())))
    step = int(np.lexsort((worst[1].measured, worst[1].excess))[-1])
    measured, bound = float(worst[1].measured[step]), float(worst[1].bound[step])
    finding = replace(blank, measured=measured, bound=bound)
    failing = [(quantity, found) for quantity, found in judged if (found.excess > 1.0).any()]
    if not failing:
        return _pass(finding, judged, f"at most {measured:.1e} ({_place(worst[0], worst[1], step)}), bound {bound:.1e}")
    first, found = failing[0]
    start = int(np.flatnonzero(found.excess > 1.0)[0])
    detail = _describe(ensemble, blank.precision, blank.pair, first, found, start)
    if (first.key, start) != (worst[0].key, step):
        detail += f"; worst at {_place(worst[0], worst[1], step)}: {measured:.1e}, bound {bound:.1e}"
    steps = start + 1 if len(found.measured) > 1 else 0
    places = tuple(dict.fromkeys(q.where for q in (first, worst[0]) if q.where))
    detail = _add_note(detail, found)
    return replace(finding, status="fail", detail=detail, where=first.where, step=steps, places=places)


def _pass(finding: Finding, judged: list[tuple[Quantity, Judged]], where: str) -> Finding:
    """Within all bounds; called drift where only the envelope's growth made room for it."""
    finding = replace(finding, detail=_add_note(where if finding.measured else "no difference", judged[0][1]))
    if finding.stage not in DRIFTING:
        return finding
    for quantity, found in judged:
        unexplained = FLOAT64_BOUND if finding.precision == "float64" else DRIFT_FACTOR * quantity.floor
        grown = np.flatnonzero(found.measured > unexplained)
        if quantity.floor and len(grown):
            start, last = int(grown[0]), int(np.argmax(found.measured))
            since = f"from {_place(quantity, found, start)} on: " if len(found.measured) > 1 else ""
            explained = f"rounding drift, no fault: {since}{found.measured[last]:.1e} apart"
            floor = 0.0 if finding.precision == "float64" else quantity.floor
            reached = f"rounding alone reaches {(found.bound[last] - floor) / ENVELOPE_FACTOR:.1e}"
            return replace(finding, status="drift", detail=f"{explained}, where {reached}; {finding.detail}")
    return finding


def _place(quantity: Quantity, judged: Judged, step: int) -> str:
    return f"{quantity.label} of step {step + 1}" if len(judged.measured) > 1 else quantity.label


def _describe(ensemble: Ensemble, precision: str, pair: Pair, quantity: Quantity, judged: Judged, step: int) -> str:
    """Where a bound is first passed, with what was got on each side and what was expected."""
    sizes = [quantity.size(ensemble.base[precision, backend].arrays[quantity.key]) for backend in pair]
    index = -1 if quantity.last else step
    norm = "norm " if quantity.by_norm else ""
    values = ", ".join(f"{backend} {norm}{size[index]:.9g}" for backend, size in zip(pair, sizes, strict=True))
    difference = "difference" if quantity.least else "relative difference"
    return (
        f"first differs at {_place(quantity, judged, step)}: {values}; "
        f"{difference} {judged.measured[step]:.1e}, expected at most {judged.bound[step]:.1e}"
    )


def _add_note(detail: str, judged: Judged) -> str:
    return f"{detail}; {judged.note}" if judged.note else detail
