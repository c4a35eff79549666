"""Equivalence: a test that two backends converge to the same loss over many seeds, though no two trainings stay alike.

In float32 a long training is chaotic: two sound backends differ by rounding error alone, and the losses of one seed say
little. Here each seed gives every backend the same weights and batches, so that losses come in pairs. Two one-sided
t-tests ask whether they differ by less than a margin; see `tost.py`.

Needs SciPy, so `multibackend.compare` doesn't import it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from multibackend.compare.participants import Pair
from multibackend.compare.tost import MOST_PAIRS, Tost, compute_power, find_detectable_margin, find_pairs, run_tost
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import Precision

LEAST_SEEDS = 5

LARGEST_LOGARITHM = 700.0
"""The largest logarithm of a ratio that float64 still holds (its largest number is e^709.8)."""

POWER = 0.8
"""The power that a study is usually planned for.

Source: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), 2.4.
"""

Status = Literal["equivalent", "known", "different", "not shown", "not judged"]
"""The result of a loss of a pair; the last three count as failures.

| status | meaning |
|---|---|
| equivalent | within the margin: both one-sided tests reject |
| known | different or not shown, in consequence of an entry of `known.toml` |
| different | equality is rejected, and being within the margin isn't shown |
| not shown | neither: the seeds spread too much for this margin |
| not judged | a training failed, or a loss is missing or not finite |
"""


@dataclass(frozen=True)
class Criterion:
    """The criterion by which losses count as the same: a relative margin, and the level alpha of each one-sided test.

    Raises:
        MultibackendError: the margin isn't positive, or alpha not between 0 and 0.5.
    """

    margin: float
    alpha: float

    def __post_init__(self) -> None:
        if not (0 < self.margin < math.inf and 0 < self.alpha < 0.5):
            raise MultibackendError(
                f"equivalence: got margin {self.margin:g} and alpha {self.alpha:g}; "
                "expected a positive margin and an alpha between 0 and 0.5."
            )


@dataclass(frozen=True)
class Equivalence:
    """One converged loss of a pair of participants, judged.

    `losses` are each seed's, (first, second) of the pair. `scale` is the unit of the differences, second minus first:
    "ratio" of the losses (in logarithms), or "gain", shares of what training gained, where a loss isn't positive.
    `power` is the probability of *equivalent* if the two truly are the same and spread as observed. `detectable` is the
    smallest margin with power 0.8, and `seeds_needed` the number of seeds that give this margin power 0.8, None if very
    many. `known` is the id of the known divergence that explains the result, whose status is then "known".
    """

    experiment: str
    precision: Precision
    pair: Pair
    loss: str
    status: Status
    detail: str
    losses: tuple[tuple[float, float], ...] = ()
    scale: Literal["ratio", "gain"] = "ratio"
    test: Tost | None = None
    power: float | None = None
    detectable: float | None = None
    seeds_needed: int | None = None
    known: str = ""

    @property
    def failed(self) -> bool:
        """True if equivalence isn't shown, and nothing known upstream explains it."""
        return self.status not in ("equivalent", "known")

    def relative(self, difference: float) -> float:
        """Turn a difference into a share: of the first's loss, or of what training gained."""
        return math.expm1(min(difference, LARGEST_LOGARITHM)) if self.scale == "ratio" else difference


def check_seeds(seeds: int) -> None:
    """Refuse fewer than five seeds.

    Raises:
        MultibackendError: there are fewer.
    """
    if seeds < LEAST_SEEDS:
        raise MultibackendError(
            f"equivalence: got {seeds} seeds; expected at least {LEAST_SEEDS} for a paired test: --seeds {LEAST_SEEDS}"
        )


def judge_losses(asked: Equivalence, seeds: Sequence[int], gain: float, criterion: Criterion) -> Equivalence:
    """Judge the losses of `asked`, one pair for each seed; `gain` is how much training lowered the loss on average."""
    if unsound := _judge_not_finite(asked, seeds):
        return unsound
    values = np.asarray(asked.losses, dtype=np.float64)  # (seeds, 2)
    if (values > 0).all():
        asked, margin = replace(asked, scale="ratio"), math.log1p(criterion.margin)
        differences = np.log(values[:, 1]) - np.log(values[:, 0])  # their ratio may overflow
    else:
        asked, margin = replace(asked, scale="gain"), criterion.margin
        differences = values[:, 1] - values[:, 0]
        if differences.any() and not (math.isfinite(gain) and gain > 0):
            detail = f"a loss isn't positive, and training gained {gain:g}, in which differences can't be counted"
            return replace(asked, status="not judged", detail=detail)
        differences = differences / gain if differences.any() else differences
    test = run_tost(differences.tolist(), margin, criterion.alpha)
    error = test.deviation / math.sqrt(test.pairs)
    detectable = find_detectable_margin(test.deviation, test.pairs, criterion.alpha, POWER)
    judged = replace(
        asked,
        status="equivalent" if test.equivalent else "different" if test.different else "not shown",
        test=test,
        power=compute_power(error, test.pairs - 1, margin, criterion.alpha),
        detectable=asked.relative(detectable),
        seeds_needed=find_pairs(test.deviation, margin, criterion.alpha, POWER, LEAST_SEEDS),
    )
    return replace(judged, detail=_describe(judged, criterion))


def _judge_not_finite(asked: Equivalence, seeds: Sequence[int]) -> Equivalence | None:
    for seed, losses in zip(seeds, asked.losses, strict=True):
        finite = [math.isfinite(loss) for loss in losses]
        if not all(finite):
            shown = " and ".join(f"{loss:g} on {backend}" for loss, backend in zip(losses, asked.pair, strict=True))
            status: Status = "different" if any(finite) else "not judged"
            return replace(asked, status=status, detail=f"the {asked.loss} of seed {seed} is {shown}")
    return None


def _describe(judged: Equivalence, criterion: Criterion) -> str:
    """Describe the result in a line: the difference, its interval, and the margin."""
    assert judged.test is not None
    first, second = judged.pair
    if all(one == other for one, other in judged.losses):
        return f"equal to the bit for all {judged.test.pairs} seeds"
    of = "" if judged.scale == "ratio" else " of what training gained"
    size, low, high = (judged.relative(x) for x in (judged.test.mean, *judged.test.interval))
    measured = (
        f"{second}'s {judged.loss} is {format_share(abs(size))}{of} {'above' if size > 0 else 'below'} {first}'s "
        f"({100 * (1 - 2 * criterion.alpha):g} % interval {format_share(low, '+')} to {format_share(high, '+')})"
    )
    margin = f"the margin of {format_share(criterion.margin)}"
    if judged.status == "equivalent":
        return f"{measured}, within {margin}"
    if judged.status == "different":
        return f"{measured}, not shown to be within {margin}"
    if judged.power is not None and judged.power >= POWER:
        return f"{measured}: neither equal nor different by {margin}, despite a power of {judged.power:.2f}; add seeds"
    needed = f"{judged.seeds_needed} seeds" if judged.seeds_needed else f"not even {MOST_PAIRS} seeds"
    return (
        f"{measured}: the seeds spread too much for {margin}, power {judged.power:.2f}; "
        f"{needed} would do if the two are the same (power {POWER:g})"
    )


def format_share(share: float, sign: str = "") -> str:
    """Format a share in percent, with two digits; `sign` "+" shows plus as well as minus."""
    return f"{100 * share:{sign if share else ''}.2g} %"
