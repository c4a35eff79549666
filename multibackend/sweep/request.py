"""Requests: the runs that a sweep asks one backend's worker for."""

from __future__ import annotations

from dataclasses import dataclass

from multibackend.experiments.choices import Precision


@dataclass(frozen=True)
class CaseRun:
    """One case, by its name, in one precision."""

    precision: Precision
    case: str


@dataclass(frozen=True)
class Request:
    """The request to a worker: its runs, and the folder and the first number of the parts that it writes.

    `moves` says whether it repeats cases with inputs moved by rounding.
    """

    backend: str
    threads: int
    runs: tuple[CaseRun, ...]
    moves: bool
    results: str
    first_part: int
