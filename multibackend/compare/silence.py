"""Silence: arrays that agree on every side because nothing is in them: zeros throughout, a loss that never changes.

One zero gradient may be right: a frozen loss, a dead ReLU, a bias before BatchNormalization. It is noted beside the
verdict. Where *all* outputs, gradients or updates are zero, nothing was shown, and the stage fails. An update may be
zero at the first step by intent: a schedule may start at zero, and accumulated gradients are applied later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multibackend.compare.measures import Array
from multibackend.compare.places import Problem, find_place, report_problem
from multibackend.records.record import Record

PARTS = {"initial outputs": "outputs", "gradients": "gradients", "first update": "updates"}
LOSSES = ("losses", "continued", "history/loss", "history/val_loss", "initial/loss", "test/loss")


@dataclass(frozen=True)
class Silence:
    """The silent arrays of a training, as notes, and a problem for each stage whose arrays are all silent."""

    notes: tuple[str, ...]
    problems: dict[str, Problem]


def find_silence(record: Record) -> Silence:
    """Look for arrays that are zero throughout, and for losses that never change, in the arrays in memory."""
    notes: list[str] = []
    problems: dict[str, Problem] = {}
    for stage, name in PARTS.items():
        arrays = _select(record, stage)
        zero = [path for path, array in arrays.items() if array.dtype.kind == "f" and array.size and not array.any()]
        if zero and len(zero) == len(arrays) and not (stage == "first update" and _may_wait(record)):
            detail = f"all {len(zero)} {name} of {record.run.backend} are zero throughout; expected some that aren't"
            problems[stage] = Problem(f"{detail}: nothing was shown", zero[0], (zero[0],))
        elif zero:
            notes.append(f"zero throughout, {name}: {_shorten(zero)}")
    slots = record.group("slots")
    if stopped := [path for path, slot in slots.items() if is_counter(path) and not slot.any()]:
        place = find_place(f"slots/{stopped[0]}")
        problems["first update"] = report_problem(place, f"{record.run.backend} has 0 after a step")
    if zero := [path for path, slot in slots.items() if slot.dtype.kind == "f" and slot.size and not slot.any()]:
        notes.append(f"zero throughout, slots after the first step: {_shorten(zero)}")
    weights = record.group("initial_weights")
    if weights and not any(array.any() for array in weights.values()):
        notes.append("zero throughout: all initial weights")
    for key in LOSSES:
        values = record.arrays.get(key)
        if values is not None and values.dtype.kind == "f" and values.size and np.isfinite(values).all():
            name = key.replace("losses", "the loss of each step").replace(
                "continued", "the loss of training that goes on"
            )
            if not values.any():
                notes.append(f"zero throughout: {name}")
            elif key in ("losses", "continued") and values.size > 1 and (values == values.flat[0]).all():
                notes.append(f"never changes: {name} ({values.size} of {values.flat[0]:.6g})")
    notes += [f"zero throughout, predictions: {p}" for p, a in record.group("predictions").items() if not a.any()]
    return Silence(tuple(notes), problems)


def is_counter(slot: str) -> bool:
    """Say whether a slot is the optimizer's counter of steps."""
    return slot.split("/")[-1].startswith("iteration")


def _shorten(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} others" if len(paths) > 3 else "")


def _select(record: Record, stage: str) -> dict[str, Array]:
    """Select the arrays of which some must not be zero; of the updates, those of variables that are trained."""
    if stage == "initial outputs":
        return record.group("initial_outputs")
    if stage == "gradients":
        return record.group("gradients")
    return {path: array for path, array in record.group("updates").items() if f"gradients/{path}" in record.arrays}


def _may_wait(record: Record) -> bool:
    """Say whether an optimizer may leave the weights as they are at its first step."""
    optimizer = record.structure.get("optimizer")
    config = (optimizer.get("config") or {}) if isinstance(optimizer, dict) else {}
    waits = isinstance(config, dict) and bool(config.get("gradient_accumulation_steps"))
    scheduled = not any(slot["path"].endswith("learning_rate") for slot in record.structure.get("slots", ()))
    return waits or scheduled
