"""Settings of tests: what a marker, or a call of the fixture, may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PRECISIONS, Precision
from multibackend.launch.settings import Settings

BOTH = "both"

NAMES = tuple(f.name for f in fields(Settings) if f.name != "seeds")
"""The settings of a training that a test may set; it is trained with one seed."""


@dataclass(frozen=True)
class ParitySettings:
    """The precisions that are trained, float64 first, and the settings of their trainings."""

    precisions: tuple[Precision, ...] = PRECISIONS
    training: Settings = field(default_factory=Settings)


def read_settings(given: Mapping[str, Any]) -> ParitySettings:
    """Read what a marker or a call sets: `precision`, and the settings of a training by their names.

    Raises:
        MultibackendError: there is no such setting, or not with such a value.
    """
    for name, value in given.items():
        if name not in (*NAMES, "precision"):
            known = ", ".join(("data", "precision", *NAMES))
            raise MultibackendError(f"parity: got {name}={value!r}; expected some of {known}.")
    precision = given.get("precision", BOTH)
    if precision not in (BOTH, *PRECISIONS):
        expected = ", ".join((BOTH, *PRECISIONS))
        raise MultibackendError(f"parity: got precision={precision!r}; expected one of {expected}.")
    chosen = PRECISIONS if precision == BOTH else tuple(p for p in PRECISIONS if p == precision)
    try:
        training = Settings(**{name: value for name, value in given.items() if name in NAMES})
    except MultibackendError as error:
        raise MultibackendError(f"parity: {error}") from error
    return ParitySettings(chosen, training)
