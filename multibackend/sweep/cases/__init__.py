"""All cases of the sweep, one list for each family, and the names without a case; data alone, no Keras needed."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from multibackend.errors import MultibackendError
from multibackend.sweep.case import Case
from multibackend.sweep.cases import (
    activations,
    attention,
    convolution,
    core,
    losses,
    metrics,
    modes,
    normalization,
    operations,
    optimizers,
    pooling,
    preprocessing,
    recurrent,
    weights,
)
from multibackend.sweep.cases.exempt import EXEMPT

NAMESPACES = ("activations", "constraints", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers")
"""The public namespaces of Keras in which every name has a case, or a reason why not in `EXEMPT`."""

FAMILIES = (
    activations,
    losses,
    metrics,
    weights,
    optimizers,
    core,
    convolution,
    pooling,
    normalization,
    attention,
    recurrent,
    preprocessing,
    operations,
    modes,
)

CASES: tuple[Case, ...] = tuple(case for family in FAMILIES for case in family.CASES)
"""Every case, in the order in which they run."""


def select_cases(patterns: Sequence[str]) -> tuple[Case, ...]:
    """Select the cases whose names match a pattern of the shell's kind, or contain it; all cases without a pattern.

    Raises:
        MultibackendError: a pattern matches none.
    """
    for pattern in patterns:
        if not any(matches(str(case), pattern) for case in CASES):
            raise MultibackendError(
                f"sweep: no case matches {pattern!r}; expected a piece of a case's name such as 'AveragePooling2D', or "
                "a pattern such as 'losses.*'. `multibackend sweep --list` shows them all."
            )
    return tuple(case for case in CASES if not patterns or any(matches(str(case), p) for p in patterns))


def matches(name: str, pattern: str) -> bool:
    """Return whether a case's name contains a pattern, or matches it whole (`*`, `?`; brackets mean themselves)."""
    return pattern in name or fnmatchcase(name, pattern.replace("[", "[[]"))


__all__ = ["CASES", "EXEMPT", "NAMESPACES", "matches", "select_cases"]
