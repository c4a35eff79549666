"""The judge: decides whether one backend fails while the others agree, and which tolerance the script needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

import numpy as np

from multibackend.reduce.candidate import Candidate
from multibackend.reduce.oracle import Got
from multibackend.reduce.setup import Setup

ULPS = 16
"""Units in the last place of the largest value by which sums in another order may differ, in a model of few layers."""

DISTANCES = 4
"""The multiple of the healthy backends' own distance that is tolerated: it is one sample of the rounding error here,
and on another machine the rounding error may be larger."""

MARGIN = 4
"""The least number of tolerances by which a failing backend is off, so that the script fails on other machines, too."""

DEVIATIONS = 6
"""The standard errors that a statistic may be off; a healthy generator exceeds them once in 5e8 draws."""

LOSSES = ("loss", "evaluate", "losses", "history")
"""The probes whose numbers are losses and metrics."""

MOST_ELEMENTS = 4
SAMPLES = 1e6
"""The number of numbers that a script of the probe "statistics" draws."""


@dataclass(frozen=True)
class Failure:
    """One backend's numbers, those expected of it, and the tolerance; `elements` are the positions of the worst."""

    backend: str
    got: tuple[float, ...]
    expected: tuple[float, ...]
    elements: tuple[int, ...]
    tolerance: float
    distance: float


def judge(candidate: Candidate, results: Mapping[Setup, Got], faulty: Setup) -> Failure | None:
    """Judge how a setup fails while the others agree; None where it doesn't fail, or the others don't agree.

    With a preload, the same backend without it is among the others.
    """
    arrays = {setup: got for setup, got in results.items() if not isinstance(got, str)}
    if len(arrays) < len(results) or len({array.shape for array in arrays.values()}) != 1:
        return None
    got = arrays.pop(faulty)
    healthy = np.stack(list(arrays.values()))
    if not got.size or not np.isfinite(healthy).all():
        return None
    if candidate.probe == "weights":  # random ones are others on each backend
        got, *rest = np.where(np.ptp(healthy, axis=0) == 0, np.stack([got, *healthy]), 0.0)
        healthy = np.stack(rest)
    expected = healthy.mean(axis=0)
    distance = float(np.ptp(healthy, axis=0).max())
    largest = float(np.abs(expected).max())
    if candidate.probe in LOSSES:
        largest = max(largest, 1.0)  # near zero a loss has the rounding of the numbers about 1 that it is made of
    eps = float(np.finfo(candidate.precision).eps)
    tolerance = ULPS * eps * largest + DISTANCES * distance
    tolerance = max(tolerance, float(np.finfo(candidate.precision).tiny))  # below, processors may flush to zero
    if candidate.probe in ("update", "fit", "saved"):
        tolerance += eps  # weights of about 1 are rounded before they are subtracted
    if candidate.probe == "statistics":
        tolerance += DEVIATIONS * largest / SAMPLES**0.5
    with np.errstate(all="ignore"):
        off = np.where(np.isfinite(got), np.abs(got - expected), np.inf)
    if off.max() <= MARGIN * tolerance:
        return None
    worst = _select_worst(off, MARGIN * tolerance)
    picked = [tuple(float(array[i]) for i in worst) for array in (got, expected)]
    elements = () if len(worst) == got.size else worst
    return Failure(faulty.backend, picked[0], picked[1], elements, _round_up(tolerance), distance)


def _select_worst(off: np.ndarray, limit: float) -> tuple[int, ...]:
    """Select all positions of a short array, else those of the worst values, in order."""
    if off.size <= MOST_ELEMENTS:
        return tuple(range(off.size))
    order = [int(i) for i in np.argsort(-off, kind="stable")[: MOST_ELEMENTS // 2]]
    return tuple(sorted(i for i in order if off[i] > limit))


def _round_up(tolerance: float) -> float:
    """Round up to two digits, so that people can read it."""
    exact = Decimal(tolerance)
    step = Decimal(1).scaleb(exact.adjusted() - 1) if exact else Decimal(1)
    return float((exact / step).to_integral_value(ROUND_UP) * step)
