"""Bounds: how large a difference may be, and why. None is chosen to make anything pass.

*float64 decides same or not.* Rounding, carried through whole trainings, was measured to reach at most
2e-14 (14,080 steps at most); the smallest known difference of mathematics, float32 arithmetic
that leaks in, is 3e-10 to 1e-7. The bound lies between. Where a float64 training was repeated with weights moved
by one ULP, because it passed that bound, what the repetitions of the *others* reach is its envelope too: a chaotic
training carries rounding beyond any fixed bound.

*float32 is judged against float64.* Each float32 training is some distance from the ground truth,
the float64 trajectory; so are its repetitions with initial weights moved by one ULP. What the *other*
backends' trainings reach is the envelope of a backend, so that a faulty one can't widen its own bound;
a pair may be ten times the smaller of its two envelopes apart.
Source: measured on Keras 3.15.1 with all three backends, on a dense net, a small CNN and a tiny one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from multibackend.compare.measures import Array, Vector, divide, find_median, size_by_norm, size_by_step
from multibackend.compare.runs import Ensemble
from multibackend.compare.suspects import Pair
from multibackend.records.record import Record

EPS = {"float64": float(np.finfo(np.float64).eps), "float32": float(np.finfo(np.float32).eps)}

FLOAT64_BOUND = 1e-10
"""Relative, at every stage. Between 2e-14 (rounding, measured) and 3e-10 (the least float32 leak), on a log scale."""

ENVELOPE_FACTOR = 10.0
"""How many times the envelope a pair may be apart. Between backends up to 7.5 times was measured (E4's model)."""

TRAJECTORY_FLOOR = 1e-6
"""Added to a float32 trajectory's bound: 8 eps. At step one the envelope may be zero by luck; the loss is a
mean over a batch, for which up to 1e-7 was measured, and the update adds as much before the next."""

LOSS_FLOOR = 4 * EPS["float32"]
"""float32 loss and metrics before training: a mean over one batch; up to 1e-7 (1 eps) was measured."""

NORM_FLOOR = 16 * EPS["float32"]
"""float32 outputs and gradients, by norm: up to 4 eps was measured; sums of other lengths may round more."""

ROUNDING = 4.0
"""Units of rounding (eps) that a computed value carries of the size of the terms it is made of: 4 by norm,
measured on gradients. What is smaller than its terms by cancellation is measured against them."""

NEGLIGIBLE = 64.0
"""A gradient below so many eps of the model's largest gradient, on both backends, is rounding of zero (a bias
before BatchNormalization): sums of 1e5 terms that cancel leave some tens of eps. Both count as zero."""


@dataclass(frozen=True)
class Quantity:
    """One array of a record that is compared, with how it is measured.

    `by_norm` measures it whole; otherwise each value is a step of a trajectory, and the envelope is the
    largest so far. `floor` is float32's least bound; `scale` the size of the terms that the quantity is made of;
    `negligible` the size below which both are zero; `least` the least magnitude that differences are relative to
    (1 for a share of rows: absolute). `last` judges the last step alone. `support` names another
    quantity, of which the envelope at the last step serves too.
    """

    label: str
    key: str
    by_norm: bool = False
    floor: float = TRAJECTORY_FLOOR
    scale: float = 0.0
    negligible: float = 0.0
    least: float = 0.0
    last: bool = False
    support: str = ""

    @property
    def where(self) -> str:
        """The layer, variable or slot by its path, or the metric; "" for the loss at every step."""
        kind, _, path = self.label.partition(" ")
        if kind in ("layer", "variable", "slot"):
            return path
        return "" if self.key == "losses" else self.label

    def size(self, array: Array) -> Vector:
        """Shape (1,) by norm, else (steps,)."""
        return size_by_norm(array) if self.by_norm else size_by_step(array)

    def magnitude(self, sizes: Vector, precision: str) -> Vector:
        """What differences are relative to: the sizes, but never less than rounding of the terms can be told from."""
        coarse = self.by_norm and precision == "float32"
        # Of a float32 trajectory the envelope holds the rounding: only what float64 can't resolve is cut off.
        share = EPS["float32"] / NORM_FLOOR if coarse else EPS["float64"] / FLOAT64_BOUND
        return np.maximum(sizes, max(self.least, ROUNDING * share * self.scale))


@dataclass(frozen=True)
class Judged:
    """A quantity's relative differences and their bounds, each of shape (1,) or (steps,)."""

    measured: Vector
    bound: Vector
    note: str = ""

    @property
    def excess(self) -> Vector:
        """How many times its bound each difference is."""
        return divide(self.measured, self.bound)


def judge(ensemble: Ensemble, precision: str, pair: Pair, quantity: Quantity, steps: int | None = None) -> Judged:
    """Measure a quantity between a pair, and its bound; of trajectories the first `steps`, or all.

    Both records must hold the array, in one shape, with finite values: see `find_mismatch`.
    """
    a, b = (_read(ensemble.base[precision, backend], quantity.key, steps) for backend in pair)
    assert a is not None and b is not None, quantity.key
    sizes = np.maximum(quantity.size(a), quantity.size(b))
    with np.errstate(over="ignore"):
        distance = quantity.size(np.subtract(a, b, dtype=np.float64))
    distance = np.where(sizes < quantity.negligible, 0.0, distance)
    if precision == "float64":
        measured, note = divide(distance, quantity.magnitude(sizes, precision)), ""
        envelope = ENVELOPE_FACTOR * find_envelope(ensemble, precision, pair, quantity, None, steps)
        bound = np.maximum(FLOAT64_BOUND, envelope)
    else:
        truth = find_truth(ensemble, quantity, steps)
        reference = sizes if truth is None else quantity.size(truth)
        measured = divide(distance, quantity.magnitude(reference, precision))
        envelope = find_envelope(ensemble, precision, pair, quantity, truth, steps)
        if quantity.support:
            loss = Quantity(quantity.support, quantity.support, scale=quantity.scale)
            support = find_envelope(ensemble, precision, pair, loss, find_truth(ensemble, loss))
            envelope = np.maximum(envelope, support[-1] if support.size else 0.0)
        bound = ENVELOPE_FACTOR * envelope + quantity.floor
        note = "" if truth is not None else explain_no_truth(ensemble)
    bound = np.broadcast_to(bound, measured.shape)
    return Judged(measured[-1:], bound[-1:], note) if quantity.last else Judged(measured, bound, note)


def find_truth(ensemble: Ensemble, quantity: Quantity, steps: int | None = None) -> Array | None:
    """The ground truth: the median of the float64 trainings that agree, at least two; None where no two do."""
    key = (quantity, steps)
    if key not in ensemble.truths:
        ensemble.truths[key] = _establish_truth(ensemble, quantity, steps)
    return ensemble.truths[key]


def _establish_truth(ensemble: Ensemble, quantity: Quantity, steps: int | None) -> Array | None:
    arrays = [_read(record, quantity.key, steps) for record in ensemble.float64()]
    present = [array.astype(np.float64) for array in arrays if array is not None and np.isfinite(array).all()]
    for count in range(len(present), 1, -1):
        for group in combinations(present, count):
            if all(_agree(a, b, quantity) for a, b in combinations(group, 2)):
                return find_median(group)
    return None


def _agree(a: Array, b: Array, quantity: Quantity) -> bool:
    if a.shape != b.shape:
        return False
    sizes = np.maximum(quantity.size(a), quantity.size(b))
    return bool(np.all(divide(quantity.size(a - b), quantity.magnitude(sizes, "float64")) <= FLOAT64_BOUND))


def find_envelope(
    ensemble: Ensemble, precision: str, pair: Pair, quantity: Quantity, truth: Array | None, steps: int | None = None
) -> Vector:
    """The smaller of the pair's two envelopes; a backend's is what all others' trainings in the precision reach.

    Reach: the distance from the truth, or without one of each perturbed training from its own base.
    """
    backends = {backend for of, backend in ensemble.base if of == precision}
    reached: dict[str, list[Vector]] = {}
    for backend in sorted(backends):
        origin = _read(ensemble.base[precision, backend], quantity.key, steps) if truth is None else truth
        runs = ensemble.repetitions(precision, backend) if truth is None else ensemble.float32(backend)
        arrays = [_read(record, quantity.key, steps) for record in runs]
        present = [array for array in arrays if array is not None]
        reached[backend] = [] if origin is None else _list_reaches(present, origin, quantity, precision)
    return np.minimum(*(_largest([v for other in backends - {one} for v in reached[other]]) for one in pair))


def _list_reaches(arrays: list[Array], origin: Array, quantity: Quantity, precision: str) -> list[Vector]:
    """How far trainings have been from their origin so far; what isn't finite, or of another shape, widens nothing."""
    magnitude = quantity.magnitude(quantity.size(origin), precision)
    reaches = []
    for array in (array for array in arrays if array.shape == origin.shape):
        with np.errstate(invalid="ignore", over="ignore"):
            ratio = divide(quantity.size(np.subtract(array, origin, dtype=np.float64)), magnitude)
        reaches.append(np.asarray(np.maximum.accumulate(np.where(np.isfinite(ratio), ratio, 0.0))))
    return reaches


def _largest(vectors: list[Vector]) -> Vector:
    return np.max(np.stack(np.broadcast_arrays(*vectors)), axis=0) if vectors else np.zeros(1)


def _read(record: Record, key: str, steps: int | None = None) -> Array | None:
    array = record.arrays.get(key)
    return array if array is None or steps is None or not array.ndim else array[:steps]


def explain_no_truth(ensemble: Ensemble) -> str:
    """Why float32 is judged by its perturbed trainings alone."""
    cause = "no two float64 trainings agree" if len(ensemble.float64()) > 1 else "fewer than two float64 trainings"
    spread = "perturbed trainings" if ensemble.perturbed else "rounding alone, for there is no perturbed training"
    return f"truth not established ({cause}): bound from {spread}"
