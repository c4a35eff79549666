"""A course: the experiments and exercises that one package gives, as its author lists them.

A package registers its course as an entry point, see `registry.py`; docs/your-own-course.md shows a whole one.
Importing this module imports neither NumPy nor Keras, so that the command line can list courses at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ExerciseKind = Literal["code", "train", "concept"]
"""An exercise asks for code, for an experiment ("train"), or for code and a written answer ("concept")."""


@dataclass(frozen=True)
class CourseExperiment:
    """An experiment of a course: the object `attribute` in `module`, a full dotted name; `title` is one line."""

    module: str
    attribute: str
    title: str


@dataclass(frozen=True)
class CourseExercise:
    """An exercise of a course: the module of its reference solution, a full dotted name, and its kind."""

    module: str
    kind: ExerciseKind


@dataclass(frozen=True)
class Course:
    """A course. Both mappings go by id, such as "A5" or "A5-raw", in the order in which people see them.

    An exercise's checks are the module of the same name in the folder `checks` beside its solution. Its words are a
    TOML file of the same name in the folder `words` beside its solution.
    """

    title: str
    experiments: Mapping[str, CourseExperiment] = field(default_factory=dict)
    exercises: Mapping[str, CourseExercise] = field(default_factory=dict)
    words: str = "words"
