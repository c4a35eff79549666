"""Verdicts: one stage of one pair, judged from the records alone, before anything known upstream is considered."""

from __future__ import annotations

import numpy as np

from multibackend.compare.bounds import Judged, Quantity, judge
from multibackend.compare.findings import STAGES, Finding, Pair, Status
from multibackend.compare.measures import find_mismatch
from multibackend.compare.runs import Ensemble
from multibackend.compare.stages import (
    compare_data,
    compare_structure,
    compare_weights,
    find_missing,
    list_quantities,
    select_arrays,
)
from multibackend.compare.trajectories import Divergence, examine_divergence

EQUAL = "equal to the bit"


def judge_pair(ensemble: Ensemble, precision: str, pair: Pair) -> list[Finding]:
    """A finding for every stage of a pair, both of whose trainings finished."""
    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    divergence = None
    if records[0].diverges and not any(find_missing(record, "step losses") for record in records):
        divergence = examine_divergence(ensemble, precision, pair)
    findings = []
    for stage in STAGES:
        if divergence and STAGES.index(stage) > STAGES.index("step losses"):
            status: Status = "fail" if divergence.problem else "diverged as meant"
            detail = divergence.problem or f"not compared: {divergence.detail}"
            findings.append(Finding(ensemble.experiment, precision, pair, stage, status, None, None, detail))
        else:
            findings.append(_judge_stage(ensemble, precision, pair, stage, divergence))
    return findings


def _judge_stage(ensemble: Ensemble, precision: str, pair: Pair, stage: str, divergence: Divergence | None) -> Finding:
    def find(status: Status, measured: float | None, bound: float | None, detail: str) -> Finding:
        return Finding(ensemble.experiment, precision, pair, stage, status, measured, bound, detail)

    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    if stage in ("structure", "data"):
        problem = (compare_structure if stage == "structure" else compare_data)(records, pair)
        return find("fail", None, None, problem) if problem else find("pass", 0.0, 0.0, "equal")
    problem = next(filter(None, (find_missing(record, stage) for record in records)), "")
    diverging = divergence is not None and stage == "step losses"
    if diverging and divergence:
        problem = problem or divergence.problem
    arrays = [select_arrays(record, stage) for record in records]
    if diverging and divergence:
        arrays = [{key: value[: divergence.steps] for key, value in group.items()} for group in arrays]
    problem = problem or find_mismatch(arrays[0], arrays[1], pair, _kind(stage))
    if problem:
        return find("fail", None, None, problem)
    if stage == "initial weights":
        measured, problem = compare_weights(records, pair)
        return find("fail" if problem else "pass", measured, 0.0, problem or EQUAL)
    steps = divergence.steps if diverging and divergence else None
    quantities = list_quantities(records, stage)
    judged = [(quantity, judge(ensemble, precision, pair, quantity, steps)) for quantity in quantities]
    verdict = _decide(ensemble, precision, pair, judged)
    if diverging and divergence and verdict[0] == "pass":
        return find("diverged as meant", *verdict[1:3], f"{divergence.detail}; until then {verdict[3]}")
    return find(*verdict)


def _kind(stage: str) -> str:
    kinds = {"initial outputs": "layer", "initial weights": "variable", "gradients": "variable"}
    return kinds.get(stage, stage)


def _decide(
    ensemble: Ensemble, precision: str, pair: Pair, judged: list[tuple[Quantity, Judged]]
) -> tuple[Status, float | None, float | None, str]:
    """Status, measured, bound and detail of a stage, from those of its quantities."""
    judged = [(quantity, found) for quantity, found in judged if found.measured.size]
    if not judged:
        return "pass", 0.0, 0.0, "no finite step"
    worst = max(judged, key=lambda item: (float(item[1].excess.max()), float(item[1].measured.max())))
    step = int(np.lexsort((worst[1].measured, worst[1].excess))[-1])
    measured, bound = float(worst[1].measured[step]), float(worst[1].bound[step])
    failing = [(quantity, found) for quantity, found in judged if (found.excess > 1.0).any()]
    if not failing:
        where = f"at most {measured:.1e} ({_place(worst[0], worst[1], step)}), bound {bound:.1e}"
        return "pass", measured, bound, _add_note(where if measured else "no difference", worst[1])
    first, found = failing[0]
    start = int(np.flatnonzero(found.excess > 1.0)[0])
    detail = _describe(ensemble, precision, pair, first, found, start)
    if (first.key, start) != (worst[0].key, step):
        detail += f"; worst at {_place(worst[0], worst[1], step)}: {measured:.1e}, bound {bound:.1e}"
    return "fail", measured, bound, _add_note(detail, found)


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
