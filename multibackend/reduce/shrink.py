"""Shrinking: make a failing candidate simpler, step by step, and never keep one that passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from multibackend.reduce.candidate import Candidate
from multibackend.reduce.cost import measure

Fails = Callable[[Candidate], bool]
Change = Callable[[Candidate], Iterator[Candidate]]
"""Yields all candidates that differ from one by a change of some kind."""


def find_failing(candidates: Iterable[Candidate], fails: Fails, deadline: float) -> Candidate | None:
    """Return the first candidate that fails; None where none does before the deadline (of `time.monotonic`)."""
    for candidate in candidates:
        if time.monotonic() > deadline:
            return None
        if fails(candidate):
            return candidate
    return None


def shrink(candidate: Candidate, changes: Sequence[Change], fails: Fails, deadline: float) -> Candidate:
    """Return the simplest candidate that still fails: nothing more can be removed from it, unless the time was over.

    Each kind of change is made as often as possible before the next is tried, and all again until none helps. Every
    step makes the cost smaller, so shrinking ends. `candidate` must fail.
    """
    while True:
        before = candidate
        for change in changes:
            candidate = _repeat(candidate, change, fails, deadline)
        if candidate is before:
            return candidate


def _repeat(candidate: Candidate, change: Change, fails: Fails, deadline: float) -> Candidate:
    while True:
        cost = measure(candidate)
        simpler = (other for other in change(candidate) if measure(other) < cost)
        found = find_failing(simpler, fails, deadline)
        if found is None:
            return candidate
        candidate = found
