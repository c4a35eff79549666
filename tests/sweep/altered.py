"""Outcomes changed, one at a time."""

from __future__ import annotations

from dataclasses import replace

from multibackend.sweep.results import Outcome


def alter(outcomes: list[Outcome], backend: str, precision: str, **changes: object) -> list[Outcome]:
    """The same outcomes with fields of one changed; a dict is merged."""
    altered = []
    for one in outcomes:
        if (one.backend, one.precision) == (backend, precision):
            merged = {k: {**getattr(one, k), **v} if isinstance(v, dict) else v for k, v in changes.items()}
            one = replace(one, **merged)
        altered.append(one)
    return altered
