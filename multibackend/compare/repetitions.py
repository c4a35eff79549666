"""Repetitions: trainings from weights moved by one unit in the last place, which show how far rounding error carries.

They widen bounds. One that started elsewhere would widen them as far as somebody likes, so each is checked against the
training that it repeats.
"""

from __future__ import annotations

import numpy as np

from multibackend.compare.places import Problem
from multibackend.records.record import Record


def find_other_start(base: Record, repetition: Record) -> Problem | None:
    """Find a weight of a repetition that is neither the one of `base` nor its neighbour; None where there is none.

    Some must have moved, if any weight that is trained isn't zero. The weights must be of the same names and forms.
    """
    weights, moved = base.group("initial_weights"), False
    for path, other in repetition.group("initial_weights").items():
        own = weights.get(path)
        if own is None or own.shape != other.shape or own.dtype != other.dtype or own.dtype.kind != "f":
            continue  # which is a problem of its own, or no number that is moved
        down, up = np.nextafter(own, -np.inf), np.nextafter(own, np.inf)
        near = (other == own) | (((other == up) | (other == down)) & (own != 0))
        if not near.all():
            detail = f"variable {path}: {base.run.backend} starts from {int((~near).sum())} of {own.size} other values"
            return Problem(f"{detail}; expected each of the training's, or its neighbour", path, (path,))
        moved = moved or bool((other != own).any())
    if not moved and any(weights[path].any() for path in base.group("gradients") if path in weights):
        return Problem(f"{base.run.backend} starts from the training's own weights; expected each moved to a neighbour")
    return None
