"""Gaps: what a training's record lacks of what it must hold, and what shows that it wasn't trained as it says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from multibackend.compare.abilities import find_inability
from multibackend.compare.consistency import check_digests, check_structure
from multibackend.compare.contents import list_expected
from multibackend.compare.findings import STAGES
from multibackend.compare.places import Problem, find_place, report_problem
from multibackend.compare.silence import is_counter
from multibackend.records.array_file import Form, find_forms
from multibackend.records.record import Record


def find_gaps(record: Record, stages: Iterable[str] = STAGES) -> dict[str, Problem]:
    """Find the first array of each stage that a finished training doesn't hold, or not in the form expected."""
    if problem := check_structure(record):
        return {"structure": problem}
    forms, gaps = find_forms(record.arrays), dict[str, Problem]()
    if "data" in stages and (problem := check_digests(record)):
        gaps["data"] = problem
    for expected in list_expected(record):
        stage, key, form = expected.stage, expected.key, expected.form
        got = forms.get(key)
        able = not find_inability([record.run.backend], record.run.precision, stage)
        if able and stage in stages and stage not in gaps and not _fits(key, got, form):
            there = f"has {got}" if got else "has none"
            gaps[stage] = report_problem(find_place(key), f"{record.run.backend} {there}; expected {form}")
    return gaps


def _fits(key: str, got: Form | None, expected: Form) -> bool:
    counter = key.startswith("optimizer/") and expected.dtype == "int64"  # int32 on some backends
    return got == expected or (counter and got == Form("int32", expected.shape))


def list_other_dtypes(record: Record) -> list[str]:
    """List a note on variables in another floating dtype than the run's, if there are any."""
    other = [
        v
        for v in record.structure["variables"]
        if v["dtype"].startswith("float") and v["dtype"] != record.run.precision
    ]
    if not other:
        return []
    shown = f"{other[0]['path']}{f' and {len(other) - 1} others' if len(other) > 1 else ''}"
    return [f"{other[0]['dtype']} in a training in {record.run.precision}: variable {shown}"]


def find_broken_ends(record: Record) -> dict[str, Problem]:
    """Find what a training with finite losses left behind that isn't finite, or never moved.

    Arrays are read one at a time. Nothing is demanded of a training that should diverge.
    """
    losses = record.arrays.get("losses")
    if record.diverges or losses is None or losses.dtype.kind != "f" or not np.isfinite(losses).all():
        return {}
    moved, backend = False, record.run.backend
    for key in record.arrays:
        group = key.split("/")[0]
        if group not in ("final_weights", "optimizer", "continued"):
            continue
        array, place = record.arrays[key], find_place(key)
        stage = "interchange" if group == "continued" else "converged loss"
        if not np.isfinite(array).all():
            return {stage: report_problem(place, f"{backend} has values that aren't finite")}
        if group == "optimizer" and is_counter(key) and not array.any():
            return {stage: report_problem(place, f"{backend} has 0 after all steps")}
        moved = moved or (group == "final_weights" and bool(array.any()))
    if not moved:
        return {"converged loss": Problem(f"all final weights of {backend} are zero: nothing was shown")}
    return {}
