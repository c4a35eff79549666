"""Shrinking: make a failing candidate simpler, step by step, and never keep one that passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from multibackend.reduce.candidate import Candidate, measure

Fails = Callable[[Candidate], bool]


def find_failing(candidates: Iterable[Candidate], fails: Fails, deadline: float) -> Candidate | None:
    """The first that fails, or None where none does before the deadline (of `time.monotonic`)."""
    for candidate in candidates:
        if time.monotonic() > deadline:
            return None
        if fails(candidate):
            return candidate
    return None


def shrink(
    candidate: Candidate, list_simpler: Callable[[Candidate], Iterator[Candidate]], fails: Fails, deadline: float
) -> Candidate:
    """The simplest that still fails: of it, nothing can be taken any more, unless the time was over.

    Every step makes `measure` smaller, so that it comes to an end. `candidate` must fail.
    """
    while True:
        cost = measure(candidate)
        simpler = (other for other in list_simpler(candidate) if measure(other) < cost)
        found = find_failing(simpler, fails, deadline)
        if found is None:
            return candidate
        candidate = found
