"""Exercise: one exercise of a registered course, with its reference solution, its checks and its words."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.judging import Point, points_of
from multibackend.course.words import Language, Words, read_words
from multibackend.errors import MultibackendError
from multibackend.experiments.course import Course, ExerciseKind
from multibackend.experiments.registry import find_folders, read_registry


@dataclass(frozen=True)
class Exercise:
    """An exercise. `path` is the file of its reference solution, which isn't imported here.

    `words_folder` is the name of the folder of words beside that file.
    """

    id: str
    kind: ExerciseKind
    module: str
    path: Path
    words_folder: str = "words"

    @property
    def unit(self) -> str:
        """The name of its unit's folder."""
        return self.path.parent.name

    @property
    def filename(self) -> str:
        """The name of a student's file."""
        return self.path.name

    @property
    def source(self) -> str:
        """The source of the reference solution."""
        return self.path.read_text(encoding="utf-8")

    @property
    def words_path(self) -> Path:
        """The file of its words."""
        return self.path.parent / self.words_folder / f"{self.path.stem}.toml"

    @property
    def unit_words_path(self) -> Path:
        """The file of its unit's words."""
        return self.words_path.with_name("unit.toml")

    def words(self, language: Language) -> Words:
        """Read what a student is told, in a language."""
        return read_words(self.words_path, language)

    @property
    def checks(self) -> str:
        """The sources of all checks of its unit: one may use another."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.path.parent / "checks").glob("*.py")))

    def points(self) -> tuple[Point, ...]:
        """Import its checks, and return the points that a submission can gain."""
        package, _, name = self.module.rpartition(".")
        return points_of(importlib.import_module(f"{package}.checks.{name}"))


def exercises() -> dict[str, Exercise]:
    """List the exercises of all courses by id, in the order of the courses.

    Raises:
        MultibackendError: two courses give the same id.
    """
    return {exercise.id: exercise for course in read_registry().courses for exercise in list_exercises(course)}


def list_exercises(course: Course) -> Iterator[Exercise]:
    """List the exercises of one course, in its order."""
    for id, row in course.exercises.items():
        package, *parts = row.module.split(".")
        path = find_folders(package)[0].joinpath(*parts).with_suffix(".py")
        yield Exercise(id, row.kind, row.module, path, course.words)


def find(id: str) -> Exercise:
    """Find an exercise by its id, in whatever case.

    Raises:
        MultibackendError: there is none; the nearest ids are offered.
    """
    known = {exercise.id.casefold(): exercise for exercise in exercises().values()}
    found = known.get(id.casefold())
    if found is None:
        ids = [exercise.id for exercise in known.values()]
        near = difflib.get_close_matches(id.upper(), ids, n=3, cutoff=0.3) or [f"{ids[0]} …" if ids else "none"]
        raise MultibackendError(
            f"unknown exercise {id!r}; nearest: {', '.join(near)}. `multibackend progress` shows them all."
        )
    return found
