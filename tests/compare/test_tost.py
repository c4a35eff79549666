"""Two one-sided tests against other software, published numbers, simulations and arithmetic."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from multibackend.compare.tost import compute_power, find_detectable_margin, find_pairs, run_tost

MARGIN, ALPHA = math.log(1.05), 0.05
FIRST = [0.412, 0.398, 0.431, 0.405, 0.420, 0.417]
SECOND = [0.409, 0.407, 0.425, 0.411, 0.416, 0.424]
SIMULATIONS = 2000


def simulate(mean: float, deviation: float, pairs: int) -> float:
    """The share of simulated experiments that come out equivalent."""
    draws = np.random.default_rng(1).normal(mean, deviation, (SIMULATIONS, pairs))
    return float(np.mean([run_tost(list(row), MARGIN, ALPHA).equivalent for row in draws]))


def sampling_error(share: float) -> float:
    """Three and a half standard errors of a simulated share."""
    return 3.5 * math.sqrt(share * (1 - share) / SIMULATIONS)


def test_agrees_with_statsmodels() -> None:
    """statsmodels 0.15.0: `ttost_paired(log(second), log(first), -log(1.05), log(1.05))`, and `DescrStatsW`."""
    test = run_tost(np.log(np.divide(SECOND, FIRST)).tolist(), MARGIN, ALPHA)
    assert test.p_lower == pytest.approx(0.0002253924113485364, rel=1e-10)
    assert test.p_upper == pytest.approx(0.00046613047497666286, rel=1e-10)
    assert test.p_equal == pytest.approx(0.581096917506874, rel=1e-10)
    assert test.interval == pytest.approx((-0.009194510249055857, 0.016800508741990045), rel=1e-10)
    assert (test.mean, test.deviation) == pytest.approx((0.0038029992464670933, 0.01579975280610732), rel=1e-10)
    assert test.equivalent
    assert not test.different


def test_agrees_with_arithmetic_by_hand() -> None:
    """Differences 1 to 5: mean 3, deviation sqrt(2.5), error sqrt(1/2); t of 4 degrees at 95 % is 2.131847."""
    test = run_tost([1, 2, 3, 4, 5], margin=6.0, alpha=0.05)
    assert test.interval == pytest.approx((3 - 2.131847 / math.sqrt(2), 3 + 2.131847 / math.sqrt(2)), rel=1e-6)
    assert test.p_upper == pytest.approx(stats.ttest_1samp([1, 2, 3, 4, 5], 6, alternative="less").pvalue, rel=1e-12)
    assert test.p_lower == pytest.approx(
        stats.ttest_1samp([1, 2, 3, 4, 5], -6, alternative="greater").pvalue, rel=1e-12
    )
    assert test.equivalent
    assert run_tost([1, 2, 3, 4, 5], margin=4.0, alpha=0.05).different


def test_both_tests_reject_where_the_interval_lies_within_the_margin() -> None:
    rows = np.random.default_rng(2).normal(0, 0.03, (300, 6))
    seen = set()
    for row in rows:
        test = run_tost(list(row), MARGIN, ALPHA)
        assert test.equivalent == (test.interval[0] > -MARGIN and test.interval[1] < MARGIN)
        seen.add(test.equivalent)
    assert seen == {True, False}


def test_higher_and_lower_are_treated_alike() -> None:
    for row in np.random.default_rng(3).normal(0.03, 0.02, (50, 5)):
        up, down = run_tost(list(row), MARGIN, ALPHA), run_tost(list(-row), MARGIN, ALPHA)
        assert (up.p_lower, up.p_upper, up.equivalent) == pytest.approx((down.p_upper, down.p_lower, down.equivalent))
        assert up.different == down.different


@pytest.mark.parametrize("side", [-1, 1])
def test_what_is_a_margin_apart_is_called_equivalent_at_the_rate_alpha(side: int) -> None:
    assert simulate(side * MARGIN, deviation=0.01, pairs=5) == pytest.approx(ALPHA, abs=sampling_error(ALPHA))


@pytest.mark.parametrize(("deviation", "pairs"), [(0.02, 5), (0.03, 5), (0.04, 5), (0.05, 10), (0.05, 20)])
def test_the_stated_power_is_that_of_simulations(deviation: float, pairs: int) -> None:
    stated = compute_power(deviation / math.sqrt(pairs), pairs - 1, MARGIN, ALPHA)
    assert 0.1 < stated < 0.999
    assert simulate(0.0, deviation, pairs) == pytest.approx(stated, abs=sampling_error(stated))


def test_the_power_is_the_published_one() -> None:
    """`sampleN.TOST(theta0=0.95, CV=0.20, design="2x2")` of R's PowerTOST: 0.8346802 with 20 subjects.

    Source: https://forum.bebac.at/forum_entry.php?id=23749. A crossover of n subjects has n - 2 degrees of
    freedom and the standard error sigma sqrt(2 / n), where sigma^2 = log(1 + CV^2); the limits are 0.80 and 1.25.
    """
    error = math.sqrt(math.log(1 + 0.20**2) * 2 / 20)
    assert compute_power(error, 18, math.log(1.25), 0.05, math.log(0.95)) == pytest.approx(0.8346802, abs=1e-7)


@pytest.mark.parametrize("freedom", [4, 9, 200, 5000])
@pytest.mark.parametrize("error", [1e-6, 0.01, 0.02, 0.03, 0.2])
def test_the_power_is_that_of_adaptive_quadrature(freedom: int, error: float) -> None:
    quantile = stats.t.isf(ALPHA, freedom)
    scale = math.sqrt(freedom)

    def density(observed: float) -> float:  # of the observed error over the true one
        room = max(MARGIN - quantile * error * observed, 0.0)
        within: float = 2 * stats.norm.cdf(room / error) - 1
        return within * float(stats.chi.pdf(observed * scale, freedom)) * scale

    bends = sorted({0.5, 0.9, 1.0, 1.1, 2.0, min(MARGIN / (quantile * error), 8.0)})
    ends = [0.0, *[bend for bend in bends if bend < 8], 8.0]
    exact = sum(integrate.quad(density, a, b, epsabs=1e-12)[0] for a, b in pairwise(ends))
    assert compute_power(error, freedom, MARGIN, ALPHA) == pytest.approx(exact, abs=1e-9)


def test_the_detectable_margin_has_the_power_asked_for() -> None:
    margin = find_detectable_margin(0.05, 7, ALPHA, 0.8)
    assert compute_power(0.05 / math.sqrt(7), 6, margin, ALPHA) == pytest.approx(0.8, abs=1e-6)
    assert find_detectable_margin(0.0, 7, ALPHA, 0.8) == 0


def test_so_many_pairs_are_needed_and_no_fewer() -> None:
    pairs = find_pairs(0.05, MARGIN, ALPHA, 0.8, least=5)
    assert pairs is not None
    powers = [compute_power(0.05 / math.sqrt(n), n - 1, MARGIN, ALPHA) for n in (pairs - 1, pairs)]
    assert powers[0] < 0.8 <= powers[1]
    assert find_pairs(1e-6, MARGIN, ALPHA, 0.8, least=5) == 5
    assert find_pairs(50.0, MARGIN, ALPHA, 0.8, least=5) is None


@pytest.mark.parametrize(("difference", "equivalent"), [(0.0, True), (0.02, True), (-0.02, True), (0.1, False)])
def test_differences_without_spread_are_judged_as_they_are(difference: float, equivalent: bool) -> None:
    test = run_tost([difference] * 5, MARGIN, ALPHA)
    assert test.deviation == 0
    assert test.interval == (difference, difference)
    assert (test.equivalent, test.different) == (equivalent, not equivalent)
    assert compute_power(0.0, 4, MARGIN, ALPHA) == 1
    assert compute_power(0.0, 4, MARGIN, ALPHA, mean=0.1) == 0


def test_a_difference_of_just_the_margin_is_not_equivalent() -> None:
    assert not run_tost([MARGIN] * 5, MARGIN, ALPHA).equivalent
    assert not run_tost([-MARGIN] * 5, MARGIN, ALPHA).equivalent
