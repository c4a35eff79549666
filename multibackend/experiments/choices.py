"""Choices: the values that name one training among others, each set of them defined once.

Importing this module imports nothing but the standard library.
"""

from __future__ import annotations

from typing import Literal, get_args

Profile = Literal["quick", "full"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
"""The lengths of a training: each experiment has a plan for either."""

Precision = Literal["float64", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""float64 comes first everywhere: it decides."""

Task = Literal["training", "trace", "isolation", "interchange"]
TASKS: tuple[Task, ...] = get_args(Task)
"""The tasks of a run: see `records.record.Run`."""
