"""The difference to reduce: whom a comparison suspects, at which stage and place, and in which precision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from multibackend.compare.findings import STAGES, Finding, Status
from multibackend.compare.suspects import find_suspects
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import Precision
from multibackend.typed import read_typed

REDUCED: tuple[Status, ...] = ("fail", "known")
"""The statuses that are reduced; a known divergence only where there is no other."""


@dataclass(frozen=True)
class ReadFinding:
    """The fields of a finding in a `results.json` that reducing needs; see `compare.findings.Finding`."""

    experiment: str
    precision: Precision
    pair: tuple[str, str]
    stage: str
    status: Status
    detail: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """The fields of a `results.json` that reducing needs."""

    findings: tuple[ReadFinding, ...]


@dataclass(frozen=True)
class Difference:
    """The first difference of an experiment: its stage, and the paths of the layers and variables that findings name.

    `suspects` are the backends that may be at fault. `detail` is the first finding's sentence, for people.
    `precisions` are those in which it differs, float32 first: a script in it needs the fewest lines.
    """

    suspects: tuple[str, ...]
    stage: str
    places: tuple[str, ...]
    detail: str
    precisions: tuple[str, ...]


def read_results(path: Path) -> tuple[ReadFinding, ...]:
    """Read the findings of a `results.json`.

    Raises:
        MultibackendError: there is none, or it is something else.
    """
    return read_typed(path, Results, "results", "give a results.json that `multibackend parity` wrote").findings


def find_difference(
    findings: Iterable[Finding | ReadFinding], experiment: str, backends: Sequence[str]
) -> Difference | None:
    """Find where an experiment first differs between these backends; None where it doesn't.

    Raises:
        MultibackendError: the findings say nothing of it.
    """
    concerned = [f for f in findings if f.experiment == experiment and set(f.pair) <= set(backends)]
    judged = [f for f in concerned if f.status not in ("not judged", "not run")]
    if not judged:
        raise MultibackendError(
            f"results: nothing is judged of {experiment!r}; expected findings of it. "
            f"Type: multibackend parity {experiment}"
        )
    for status in REDUCED:
        if differing := [f for f in judged if f.status == status]:
            return _describe(differing, backends)
    return None


def _describe(differing: Sequence[Finding | ReadFinding], backends: Sequence[str]) -> Difference:
    """Take the first stage in the precision that decides: float64 where that differs, too."""
    precisions = {finding.precision for finding in differing}
    decides = "float64" if "float64" in precisions else "float32"
    deciding = [finding for finding in differing if finding.precision == decides]
    stage = min((finding.stage for finding in deciding), key=_rank)
    first = [finding for finding in deciding if finding.stage == stage]
    suspects = find_suspects(finding.pair for finding in first)
    return Difference(
        suspects=tuple(backend for backend in backends if backend in suspects),
        stage=stage,
        places=tuple(dict.fromkeys(place for finding in first for place in finding.places)),
        detail=first[0].detail,
        precisions=tuple(p for p in ("float32", "float64") if p in precisions),
    )


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)
