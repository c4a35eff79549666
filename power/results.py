"""Results: what scoring needs of a `results.json` that `multibackend` wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibackend.compare.findings import OriginKind, Status
from multibackend.experiments.choices import Precision
from multibackend.typed import read_typed


@dataclass(frozen=True)
class Found:
    """A finding; see `compare.findings.Finding`."""

    experiment: str
    precision: Precision
    pair: tuple[str, str]
    stage: str
    status: Status
    detail: str
    where: str
    step: int


@dataclass(frozen=True)
class Started:
    """An origin; see `compare.findings.Origin`."""

    experiment: str
    precision: Precision
    kind: OriginKind
    where: str


@dataclass(frozen=True)
class AbsentRun:
    """The experiment of a training without a record."""

    experiment: str


@dataclass(frozen=True)
class Absent:
    """A training without a usable record, and the reason; see `compare.findings.Absence`."""

    run: AbsentRun
    reason: str


@dataclass(frozen=True)
class Results:
    """A comparison's results."""

    stages: tuple[str, ...]
    findings: tuple[Found, ...]
    origins: tuple[Started, ...]
    failed: tuple[Absent, ...]
    environments: tuple[dict[str, Any], ...]


def read_results(path: Path) -> Results:
    """Read a `results.json`."""
    return read_typed(path, Results, "results")
