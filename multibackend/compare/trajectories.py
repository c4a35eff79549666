"""Trajectories: trainings that are meant to diverge, and the curve of the differences of a pair."""

from __future__ import annotations

import math
from dataclasses import dataclass

from multibackend.compare.abilities import trains
from multibackend.compare.ensemble import Ensemble
from multibackend.compare.gaps import find_gaps
from multibackend.compare.judgement import Judged, judge
from multibackend.compare.measures import count_in_range
from multibackend.compare.mismatch import find_mismatch
from multibackend.compare.participants import Pair
from multibackend.compare.quantities import list_quantities, select_arrays
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record

OVERFLOW_SHARE = 0.1
"""The share of its finite steps by which one diverging training may outlast the other, besides one step.

Frameworks sum in different orders, and some divide before they sum: a sum over n values overflows up to a factor n
earlier. A loss that grows evenly to float32's 3.4e38 spends log(n)/log(3.4e38) of its steps there: 8 % for n = 1000.
"""


@dataclass(frozen=True)
class Divergence:
    """The divergence of a pair that should diverge: `steps` are in range on both; `problem` is "" if there is none."""

    steps: int
    problem: str
    detail: str


def examine_divergence(ensemble: Ensemble, precision: Precision, pair: Pair) -> Divergence:
    """Check that both losses left the range of float32, and together. Both records must hold their losses."""
    losses = [ensemble.base[precision, backend].arrays["losses"] for backend in pair]
    counts = [count_in_range(array) for array in losses]
    steps = min(counts)
    if len(losses[0]) != len(losses[1]) or not steps:
        lengths = " and ".join(f"{count} of {len(array)}" for count, array in zip(counts, losses, strict=True))
        return Divergence(
            steps, f"{lengths} steps are below 3.4e38; expected one number of steps, and some of these", ""
        )
    detail = " and ".join(f"{name} at step {count + 1}" for name, count in zip(pair, counts, strict=True))
    for backend, array, count in zip(pair, losses, counts, strict=True):
        if count == len(array):
            problem = f"{backend} stayed below 3.4e38 for all {count} steps; expected the loss to diverge"
            return Divergence(steps, problem, "")
    if max(counts) - steps > 1 + math.floor(OVERFLOW_SHARE * max(counts)):
        return Divergence(steps, f"diverged at different steps: {detail}; expected nearly the same step", detail)
    return Divergence(steps, "", f"diverged: {detail}")


def has_losses(record: Record) -> bool:
    """Say whether a record is of a finished training, and holds the loss of every step, in the run's precision."""
    return trains(record.run.backend) and not find_gaps(record, ["step losses"])


def follow_losses(ensemble: Ensemble, precision: Precision, pair: Pair) -> Judged | None:
    """Judge the loss of a pair at every step, for a figure; None where there is nothing to compare.

    The differences and their bound have shape (steps,), and hold only the steps before either loss diverged.
    """
    if any((precision, backend) not in ensemble.base for backend in pair):
        return None
    records = (ensemble.base[precision, pair[0]], ensemble.base[precision, pair[1]])
    if not all(has_losses(record) for record in records):
        return None
    steps = min(count_in_range(record.arrays["losses"]) for record in records)
    a, b = ({"losses": select_arrays(record, "step losses")["losses"][:steps]} for record in records)
    if not steps or find_mismatch(a, b, pair):
        return None
    (quantity,) = list_quantities(records, "step losses")
    return judge(ensemble, precision, pair, quantity, steps)
