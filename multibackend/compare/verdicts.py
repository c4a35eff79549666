"""Verdicts: one stage of one pair, judged from the records alone, before anything known upstream is considered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from multibackend.compare.abilities import find_inability
from multibackend.compare.bounds import ENVELOPE_FACTOR, FLOAT64_BOUND
from multibackend.compare.ensemble import Ensemble
from multibackend.compare.exact import compare_data, compare_structure, compare_weights
from multibackend.compare.findings import STAGES, Finding, Status
from multibackend.compare.interchange import judge_interchange
from multibackend.compare.judgement import Judged, judge
from multibackend.compare.mismatch import find_mismatch
from multibackend.compare.participants import Pair
from multibackend.compare.places import Problem
from multibackend.compare.quantities import Records, list_quantities, select_arrays
from multibackend.compare.quantity import Quantity
from multibackend.compare.trajectories import Divergence, examine_divergence
from multibackend.experiments.choices import Precision

EQUAL = "equal to the bit"

DRIFTING = ("step losses", "converged loss", "test metrics")
"""Stages after many steps, in which rounding error may have grown."""

DRIFT_FACTOR = 10.0
"""A difference of so many times its floor is drift: no rounding error of one step explains it."""


@dataclass(frozen=True)
class Weighed:
    """A quantity, and what was judged of it."""

    quantity: Quantity
    found: Judged

    def name_step(self, step: int) -> str:
        """Say which quantity it is, and of which step where there are several."""
        words = self.quantity.place.words
        return f"{words} of step {step + 1}" if len(self.found.measured) > 1 else words

    def add_note(self, detail: str) -> str:
        """Add the note of the judgement to a sentence, if it has one."""
        return f"{detail}; {self.found.note}" if self.found.note else detail


def judge_pair(ensemble: Ensemble, precision: Precision, pair: Pair) -> list[Finding]:
    """Judge every stage of a pair, both of whose trainings finished, as far as they can take part in this precision."""
    divergence = None
    able = not find_inability(pair, precision, "step losses")
    diverges = able and ensemble.base[precision, pair[0]].diverges
    if diverges and not any(find_gap(ensemble, precision, b, "step losses") for b in pair):
        divergence = examine_divergence(ensemble, precision, pair)
    findings = []
    for stage in STAGES:
        if reason := find_inability(pair, precision, stage):
            findings.append(Finding(ensemble.experiment, precision, pair, stage, "not run", None, None, reason))
            continue
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


def find_gap(ensemble: Ensemble, precision: Precision, backend: str, stage: str) -> Problem | None:
    """Find what a training lacks at a stage; if its structure doesn't say what must be there, it lacks all."""
    gaps = ensemble.gaps.get((precision, backend), {})
    if "structure" in gaps and stage != "structure":
        return Problem(f"not compared: {backend}'s structure doesn't say what must be there")
    return gaps.get(stage)


def find_silent_or_missing(ensemble: Ensemble, precision: Precision, pair: Pair, stage: str) -> Problem | None:
    """Find what makes a stage fail on one side alone: something is missing, or all of it is zero throughout."""
    for backend in pair:
        if problem := find_gap(ensemble, precision, backend, stage):
            return problem
    silences = [ensemble.silences[key] for b in pair if (key := (precision, b)) in ensemble.silences]
    return next((silence.problems[stage] for silence in silences if stage in silence.problems), None)


def _judge_stage(
    ensemble: Ensemble, precision: Precision, pair: Pair, stage: str, divergence: Divergence | None
) -> Finding:
    blank = Finding(ensemble.experiment, precision, pair, stage, "pass", None, None, "")
    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    match stage:
        case "structure":
            problem = compare_structure(records, pair)
            return _fail(blank, problem) if problem else replace(blank, measured=0.0, bound=0.0, detail="equal")
        case "data":
            problem, origin = compare_data(records, pair), records[0].digests.get("origin", "")
            equal = f"equal: {origin}" if origin else "equal"
            return _fail(blank, problem) if problem else replace(blank, measured=0.0, bound=0.0, detail=equal)
        case "interchange":
            found = judge_interchange(ensemble, blank)
            return _fail(blank, found) if isinstance(found, Problem) else found
        case "step losses" if divergence:
            return _judge_diverging(ensemble, blank, records, divergence)
        case _:
            return _judge_by_value(ensemble, blank, records, None)


def _judge_diverging(ensemble: Ensemble, blank: Finding, records: Records, divergence: Divergence) -> Finding:
    if divergence.problem:
        return _fail(blank, Problem(divergence.problem))
    finding = _judge_by_value(ensemble, blank, records, divergence.steps)
    if finding.failed:
        return finding
    return replace(finding, status="diverged as meant", detail=f"{divergence.detail}; until then {finding.detail}")


def _judge_by_value(ensemble: Ensemble, blank: Finding, records: Records, steps: int | None) -> Finding:
    """Judge a stage by its arrays; only the first `steps` of a trajectory, or all."""
    precision, pair, stage = blank.precision, blank.pair, blank.stage
    arrays = [{k: v[:steps] if steps else v for k, v in select_arrays(record, stage).items()} for record in records]
    if problem := find_mismatch(arrays[0], arrays[1], pair):
        return _fail(blank, problem)
    if stage == "initial weights":
        measured, problem = compare_weights(records, pair)
        same = replace(blank, measured=measured, bound=0.0, detail=EQUAL)
        return _fail(same, problem) if problem else same
    judged = [Weighed(q, judge(ensemble, precision, pair, q, steps)) for q in list_quantities(records, stage)]
    return _decide(blank, ensemble, judged)


def _fail(finding: Finding, problem: Problem) -> Finding:
    return replace(finding, status="fail", detail=problem.detail, where=problem.where, places=problem.places)


def _decide(blank: Finding, ensemble: Ensemble, judged: list[Weighed]) -> Finding:
    """Make the finding of a stage from what was judged of its quantities."""
    judged = [one for one in judged if one.found.measured.size]
    if not judged:
        return replace(blank, measured=0.0, bound=0.0, detail="no finite step")
    worst = max(judged, key=lambda one: (float(one.found.excess.max()), float(one.found.measured.max())))
    step = int(np.lexsort((worst.found.measured, worst.found.excess))[-1])
    measured, bound = float(worst.found.measured[step]), float(worst.found.bound[step])
    finding = replace(blank, measured=measured, bound=bound)
    failing = [one for one in judged if (one.found.excess > 1.0).any()]
    if not failing:
        return _pass(finding, judged, f"at most {measured:.1e} ({worst.name_step(step)}), bound {bound:.1e}")
    first = failing[0]
    start = int(np.flatnonzero(first.found.excess > 1.0)[0])
    detail = _describe(ensemble, blank, first, start)
    if (first.quantity.key, start) != (worst.quantity.key, step):
        detail += f"; worst at {worst.name_step(step)}: {measured:.1e}, bound {bound:.1e}"
    place = first.quantity.place
    return replace(
        finding,
        status="fail",
        detail=first.add_note(detail),
        where=place.path,
        step=start + 1 if len(first.found.measured) > 1 else 0,
        places=tuple(dict.fromkeys((*place.parts, *worst.quantity.place.parts))),
    )


def _pass(finding: Finding, judged: list[Weighed], detail: str) -> Finding:
    """Pass a stage within all bounds; it is called drift if only the envelope's growth made room for it."""
    finding = replace(finding, detail=judged[0].add_note(detail if finding.measured else "no difference"))
    if finding.stage not in DRIFTING:
        return finding
    for one in judged:
        quantity, found = one.quantity, one.found
        unexplained = FLOAT64_BOUND if finding.precision == "float64" else DRIFT_FACTOR * quantity.floor
        grown = np.flatnonzero(found.measured > unexplained)
        if quantity.floor and len(grown):
            start, last = int(grown[0]), int(np.argmax(found.measured))
            since = f"from {one.name_step(start)} on: " if len(found.measured) > 1 else ""
            explained = f"rounding drift, no fault: {since}a difference of {found.measured[last]:.1e}"
            floor = 0.0 if finding.precision == "float64" else quantity.floor
            reached = f"rounding alone reaches {(found.bound[last] - floor) / ENVELOPE_FACTOR:.1e}"
            return replace(finding, status="drift", detail=f"{explained}, where {reached}; {finding.detail}")
    return finding


def _describe(ensemble: Ensemble, finding: Finding, one: Weighed, step: int) -> str:
    """Say where a bound is first passed, with the value of each side and what was expected."""
    quantity, found, pair = one.quantity, one.found, finding.pair
    sizes = [quantity.size(ensemble.base[finding.precision, backend].arrays[quantity.key]) for backend in pair]
    index = -1 if quantity.last else step
    norm = "norm " if quantity.by_norm else ""
    values = ", ".join(f"{backend} {norm}{size[index]:.9g}" for backend, size in zip(pair, sizes, strict=True))
    difference = "difference" if quantity.least else "relative difference"
    return (
        f"first differs at {one.name_step(step)}: {values}; "
        f"{difference} {found.measured[step]:.1e}, expected at most {found.bound[step]:.1e}"
    )
