"""Participants: the ways of running that are compared, two at a time; a backend is one.

Any number takes part, from two on. A comparison knows its participants from what it is asked for and from its records.
"""

from __future__ import annotations

from collections.abc import Iterable

from multibackend.engine import backends

Pair = tuple[str, str]
"""Two participants that are compared with each other."""


def sort_participants(names: Iterable[str]) -> tuple[str, ...]:
    """List each name once, in the order of every table: that of the descriptors, then any others by name."""
    order = list(backends.DESCRIPTORS)
    return tuple(sorted(set(names), key=lambda name: (order.index(name) if name in order else len(order), name)))
