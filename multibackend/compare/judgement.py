"""Judgements: how a quantity differs between a pair, against its bound. `bounds.py` gives the reasons for bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multibackend.compare.bounds import ENVELOPE_FACTOR, FLOAT64_BOUND
from multibackend.compare.ensemble import Ensemble
from multibackend.compare.envelope import find_envelope
from multibackend.compare.measures import Array, Vector, divide, find_median
from multibackend.compare.participants import Pair
from multibackend.compare.quantity import Quantity
from multibackend.compare.truth import find_agreeing
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record


@dataclass(frozen=True)
class Judged:
    """The relative differences of a quantity and their bounds, each of shape (1,) or (steps,)."""

    measured: Vector
    bound: Vector
    note: str = ""

    @property
    def excess(self) -> Vector:
        """Each difference as a multiple of its bound."""
        return divide(self.measured, self.bound)


def judge(ensemble: Ensemble, precision: Precision, pair: Pair, quantity: Quantity, steps: int | None = None) -> Judged:
    """Measure how a quantity differs between a pair, and its bound; only the first `steps` of a trajectory, or all.

    Both records must hold the array, in one shape, with finite values: see `find_mismatch`.
    """
    a, b = (_read(ensemble.base[precision, backend], quantity.key, steps) for backend in pair)
    assert a is not None and b is not None, quantity.key
    sizes = np.maximum(quantity.size(a), quantity.size(b))
    with np.errstate(over="ignore"):
        distance = quantity.size(np.subtract(a, b, dtype=np.float64))
    distance = np.where(sizes < quantity.negligible, 0.0, distance)
    if precision == "float64":
        judged = _judge_exactly(ensemble, pair, quantity, distance, sizes, steps)
    else:
        judged = _judge_by_truth(ensemble, precision, pair, quantity, distance, sizes, steps)
    return Judged(judged.measured[-1:], judged.bound[-1:], judged.note) if quantity.last else judged


def _judge_exactly(
    ensemble: Ensemble, pair: Pair, quantity: Quantity, distance: Vector, sizes: Vector, steps: int | None
) -> Judged:
    measured = divide(distance, quantity.magnitude(sizes, "float64"))
    reached = measure_reaches(ensemble, "float64", quantity, None, steps)
    bound = np.maximum(FLOAT64_BOUND, ENVELOPE_FACTOR * find_envelope(reached, pair))
    return Judged(measured, np.broadcast_to(bound, measured.shape))


def _judge_by_truth(
    ensemble: Ensemble,
    precision: Precision,
    pair: Pair,
    quantity: Quantity,
    distance: Vector,
    sizes: Vector,
    steps: int | None,
) -> Judged:
    truth = find_truth(ensemble, quantity, steps)
    reference = sizes if truth is None else quantity.size(truth)
    measured = divide(distance, quantity.magnitude(reference, precision))
    envelope = find_envelope(measure_reaches(ensemble, precision, quantity, truth, steps), pair)
    if quantity.support:
        loss = Quantity(quantity.support, scale=quantity.scale)
        reached = measure_reaches(ensemble, precision, loss, find_truth(ensemble, loss), None)
        support = find_envelope(reached, pair)
        envelope = np.maximum(envelope, support[-1] if support.size else 0.0)
    bound = ENVELOPE_FACTOR * envelope + quantity.floor
    note = "" if truth is not None else explain_no_truth(ensemble)
    return Judged(measured, np.broadcast_to(bound, measured.shape), note)


def find_truth(ensemble: Ensemble, quantity: Quantity, steps: int | None = None) -> Array | None:
    """Find the ground truth of a quantity: see `truth.py`. None where none is established."""
    key = (quantity, steps)
    if key not in ensemble.truths:
        arrays = [_read(record, quantity.key, steps) for record in ensemble.list_float64()]
        finite = [array.astype(np.float64) for array in arrays if array is not None and np.isfinite(array).all()]
        agreeing = find_agreeing(finite, lambda a, b: _agree(a, b, quantity))
        ensemble.truths[key] = find_median(agreeing) if agreeing else None
    return ensemble.truths[key]


def _agree(a: Array, b: Array, quantity: Quantity) -> bool:
    if a.shape != b.shape:
        return False
    sizes = np.maximum(quantity.size(a), quantity.size(b))
    return bool(np.all(divide(quantity.size(a - b), quantity.magnitude(sizes, "float64")) <= FLOAT64_BOUND))


def measure_reaches(
    ensemble: Ensemble, precision: Precision, quantity: Quantity, truth: Array | None, steps: int | None
) -> dict[str, list[Vector]]:
    """Measure how far each participant's trainings in a precision have been from the truth so far.

    Without a truth, that is how far each perturbed training has been from the one that it repeats.
    """
    reached: dict[str, list[Vector]] = {}
    for backend in sorted(backend for of, backend in ensemble.base if of == precision):
        origin = _read(ensemble.base[precision, backend], quantity.key, steps) if truth is None else truth
        runs = ensemble.list_repetitions(precision, backend) if truth is None else ensemble.list_float32(backend)
        arrays = [_read(record, quantity.key, steps) for record in runs]
        present = [array for array in arrays if array is not None]
        reached[backend] = [] if origin is None else _list_reaches(present, origin, quantity, precision)
    return reached


def _list_reaches(arrays: list[Array], origin: Array, quantity: Quantity, precision: Precision) -> list[Vector]:
    """Measure each array's distance from the origin; one that isn't finite, or of another shape, widens nothing."""
    magnitude = quantity.magnitude(quantity.size(origin), precision)
    reaches = []
    for array in (array for array in arrays if array.shape == origin.shape):
        with np.errstate(invalid="ignore", over="ignore"):
            ratio = divide(quantity.size(np.subtract(array, origin, dtype=np.float64)), magnitude)
        reaches.append(np.asarray(np.maximum.accumulate(np.where(np.isfinite(ratio), ratio, 0.0))))
    return reaches


def _read(record: Record, key: str, steps: int | None = None) -> Array | None:
    array = record.arrays.get(key)
    return array if array is None or steps is None or not array.ndim else array[:steps]


def explain_no_truth(ensemble: Ensemble) -> str:
    """Say why float32 is judged by its perturbed trainings alone."""
    cause = "no two float64 trainings agree" if len(ensemble.list_float64()) > 1 else "fewer than two float64 trainings"
    spread = "perturbed trainings" if ensemble.perturbed else "rounding alone, for there is no perturbed training"
    return f"truth not established ({cause}): bound from {spread}"
