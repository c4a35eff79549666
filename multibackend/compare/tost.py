"""TOST: two one-sided t-tests that a mean difference lies within a margin, their power, and the pairs they need.

A t-test that finds no difference shows nothing: with few pairs it finds none. Here the burden of proof is reversed:
each of *too low* and *too high* must be rejected before two things are called equivalent.

Sources: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach",
J. Pharmacokinet. Biopharm. 15 (1987) 657; the power: Phillips, J. Pharmacokinet. Biopharm. 18 (1990) 137.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import integrate, optimize, stats

NODES = 100
"""The nodes of the Gauss-Legendre rule for the power, which is then within 1e-9 of adaptive quadrature."""

TAIL = 1e-13
"""The share of the spread's distribution that is left out at each end of that integral."""

MOST_PAIRS = 10_000
"""The most pairs that are tried when looking for how many would do."""


@dataclass(frozen=True)
class Tost:
    """The test of the mean of paired differences against +-`margin`.

    `interval` is the confidence interval of level 1 - 2 alpha: within the margin exactly when both tests
    reject. `p_lower` belongs to *the mean is -margin or less*, `p_upper` to *margin or more*, `p_equal`
    to *it is zero* (two-sided).
    """

    pairs: int
    mean: float
    deviation: float
    margin: float
    alpha: float
    interval: tuple[float, float]
    p_lower: float
    p_upper: float
    p_equal: float

    @property
    def equivalent(self) -> bool:
        """True if both one-sided tests reject."""
        return max(self.p_lower, self.p_upper) < self.alpha

    @property
    def different(self) -> bool:
        """True if equality is rejected and equivalence not shown."""
        return not self.equivalent and self.p_equal < self.alpha


def run_tost(differences: Sequence[float], margin: float, alpha: float) -> Tost:
    """Test paired differences, at least two of them, against +-margin; they may have no spread at all."""
    values = np.asarray(differences, dtype=np.float64)
    same = bool((values == values[0]).all())
    # The mean of equal numbers may be a bit off them, and then they would seem to spread.
    mean = float(values[0] if same else values.mean())
    deviation = 0.0 if same else float(values.std(ddof=1))
    freedom = values.size - 1
    error = deviation / math.sqrt(values.size)
    half = float(stats.t.isf(alpha, freedom)) * error
    return Tost(
        pairs=values.size,
        mean=mean,
        deviation=deviation,
        margin=margin,
        alpha=alpha,
        interval=(mean - half, mean + half),
        p_lower=float(stats.t.sf(_divide(mean + margin, error), freedom)),
        p_upper=float(stats.t.cdf(_divide(mean - margin, error), freedom)),
        p_equal=2.0 * float(stats.t.sf(_divide(abs(mean), error), freedom)),
    )


def _divide(distance: float, error: float) -> float:
    """Express a distance in standard errors; without an error there are infinitely many, or none."""
    return distance / error if error else math.copysign(math.inf, distance) if distance else 0.0


def compute_power(error: float, freedom: int, margin: float, alpha: float, mean: float = 0.0) -> float:
    """Compute the probability that both tests reject, if the true mean is `mean` and its standard error `error`.

    Exact: both reject where the observed mean is within margin - t x (observed error). Given the
    observed error, which follows a chi distribution, that is a normal probability; it is integrated over it.
    """
    if error == 0:
        return float(abs(mean) < margin)
    quantile = stats.t.isf(alpha, freedom)
    least, most = stats.chi.ppf(TAIL, freedom), stats.chi.isf(TAIL, freedom)
    scale = math.sqrt(freedom)
    most = min(most, scale * margin / (quantile * error))  # beyond it nothing is within
    if most <= least:
        return 0.0

    def density(chi: np.ndarray) -> np.ndarray:
        room = margin - quantile * error * chi / scale
        within = stats.norm.cdf((room - mean) / error) - stats.norm.cdf((-room - mean) / error)
        weighted: np.ndarray = within * stats.chi.pdf(chi, freedom)
        return weighted

    return float(integrate.fixed_quad(density, least, most, n=NODES)[0])


def find_detectable_margin(deviation: float, pairs: int, alpha: float, power: float) -> float:
    """Find the smallest margin within which so many pairs show two equal things equivalent with this power."""
    if deviation == 0:
        return 0.0
    # In units of the standard error; the power there is close to 1.
    freedom, most = pairs - 1, 20.0 * float(stats.t.isf(alpha, pairs - 1))
    units = optimize.brentq(lambda margin: compute_power(1.0, freedom, margin, alpha) - power, 0.0, most, xtol=1e-9)
    return float(units) * deviation / math.sqrt(pairs)


def find_pairs(deviation: float, margin: float, alpha: float, power: float, least: int) -> int | None:
    """Find how many pairs, `least` or more, show two equal things equivalent with this power.

    None stands for more than `MOST_PAIRS`.
    """

    def enough(pairs: int) -> bool:
        return compute_power(deviation / math.sqrt(pairs), pairs - 1, margin, alpha) >= power

    low, high = least, least
    while not enough(high):
        if high >= MOST_PAIRS:
            return None
        low, high = high, min(2 * high, MOST_PAIRS)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high
