"""Scores: how much of a planted fault a comparison has found, read from `results.json` alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from multibackend.compare import PRECISIONS
from power.results import Absent, Found, Started
from power.table import Fault

DIFFERING = ("fail", "consequence")
"""The statuses of a pair that differs. A training that failed is "not judged": nothing was detected then."""


@dataclass(frozen=True)
class Score:
    """The findings on a fault, beside what was expected. `place_right` and `step_right` are None where it has none.

    `blamed` says that at the first failing stage exactly the pairs with the faulty backend differ, `healthy` that no
    pair without it differs anywhere.
    """

    fault: Fault
    detected: bool
    precision: str = ""
    stage: str = ""
    where: str = ""
    step: int = 0
    blamed: bool = False
    healthy: bool = True
    stage_right: bool = False
    place_right: bool | None = None
    step_right: bool | None = None


@dataclass(frozen=True)
class Share:
    """A share, `count` of `total`, with its 95 % interval."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The share; 0 where the total is 0, so that a score never defaults upward."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95 %: Wilson, J. Am. Stat. Assoc. 22 (1927), 209."""
        if not self.total:
            return 0.0, 1.0
        z = 1.959963984540054  # the normal distribution's 97.5 % quantile
        n, p = self.total, self.value
        centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (centre - half) / (1 + z * z / n)), min(1.0, (centre + half) / (1 + z * z / n))


def score_fault(
    fault: Fault, findings: Iterable[Found], stages: Sequence[str], origins: Iterable[Started] = ()
) -> Score:
    """Score one fault by the findings on its experiment, and by the origins that were named.

    float64 decides where it fails, else float32. The first failing stage counts as the one found. The place is the
    origin's where there is one. Else the place, as the step, is that of every pair that fails at that stage, and all
    must be right.
    """
    gathered = list(findings)
    differing = [f for f in gathered if f.status in DIFFERING]
    guilty = [f for f in differing if set(f.pair) & set(fault.backends)]
    healthy = len(guilty) == len(differing)
    precision = next((p for p in PRECISIONS if any(f.precision == p for f in guilty)), "")
    if not guilty:
        return Score(fault, detected=False, healthy=healthy)
    decided = [f for f in guilty if f.precision == precision]
    first = min(stages.index(f.stage) for f in decided)
    found = [f for f in decided if stages.index(f.stage) == first]
    concerned = {f.pair for f in gathered if set(f.pair) & set(fault.backends)}
    started = [o for o in origins if o.precision == precision and o.kind != "nowhere"]
    places = [o.where or o.kind for o in started] or [f.where for f in found]
    right = [is_place_right(fault.places, place) for place in places]
    return Score(
        fault,
        detected=True,
        precision=precision,
        stage=stages[first],
        where=next((place for place, good in zip(places, right, strict=True) if not good), places[0]),
        step=found[0].step,
        blamed=healthy and (len(fault.backends) > 1 or {f.pair for f in found} == concerned),
        healthy=healthy,
        stage_right=stages[first] == fault.stage,
        place_right=all(right) if fault.places else None,
        step_right=all(f.step == fault.step for f in found) if fault.step else None,
    )


def is_place_right(expected: Iterable[str], found: str) -> bool:
    """Return whether a place is one that was expected, or a variable of an expected layer."""
    return any(fnmatchcase(found, pattern) or fnmatchcase(found, f"{pattern}/*") for pattern in expected)


def find_false_alarms(findings: Iterable[Found], failed: Iterable[Absent] = ()) -> dict[str, str]:
    """Find the clean runs that were called different, each with its first such finding, and those without a result."""
    alarms = {absence.run.experiment: f"no result: {absence.reason}" for absence in failed}
    for f in findings:
        if f.status in DIFFERING:
            pair = "-".join(f.pair)
            alarms.setdefault(f.experiment, f"{f.precision} {pair} at {f.stage}: {f.detail}")
    return alarms


def total(scores: Sequence[Score]) -> dict[str, Share]:
    """Count the faults detected, and among these the ones with stage, place, step and backend right."""
    detected = [score for score in scores if score.detected]
    placed = [score.place_right for score in detected if score.place_right is not None]
    stepped = [score.step_right for score in detected if score.step_right is not None]
    return {
        "detected": Share(len(detected), len(scores)),
        "stage": Share(sum(score.stage_right for score in detected), len(detected)),
        "layer or variable": Share(sum(placed), len(placed)),
        "step": Share(sum(stepped), len(stepped)),
        "backend": Share(sum(score.blamed for score in detected), len(detected)),
    }
