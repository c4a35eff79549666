"""Exercise: a row of the course, with its reference solution, its checks and its words, found by its id."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.judging import Point, points_of
from multibackend.course.words import Language, Words, read_words
from multibackend.errors import MultibackendError


@dataclass(frozen=True)
class Exercise:
    """An exercise: `kind` is "code", "train" or "concept", `path` its reference solution, which isn't imported here."""

    id: str
    kind: str
    module: str
    path: Path

    @property
    def unit(self) -> str:
        """The folder of its unit."""
        return self.path.parent.name

    @property
    def filename(self) -> str:
        """The name of a student's file."""
        return self.path.name

    @property
    def source(self) -> str:
        """The reference solution."""
        return self.path.read_text(encoding="utf-8")

    @property
    def words_path(self) -> Path:
        """Where its words are."""
        return self.path.parent / "words" / f"{self.path.stem}.toml"

    @property
    def unit_words_path(self) -> Path:
        """Where its unit's words are."""
        return self.words_path.with_name("unit.toml")

    def words(self, language: Language) -> Words:
        """What a student reads."""
        return read_words(self.words_path, language)

    @property
    def checks(self) -> str:
        """The sources of its unit's checks, of which one may use another."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.path.parent / "checks").glob("*.py")))

    def points(self) -> tuple[Point, ...]:
        """What is asked of a submission."""
        package, _, name = self.module.rpartition(".")
        return points_of(importlib.import_module(f"{package}.checks.{name}"))


def exercises() -> dict[str, Exercise]:
    """All exercises by id, in the course's order."""
    from exercises import COURSE

    root = _root()
    return {
        id: Exercise(id, row.kind, row.module, root.parent / (row.module.replace(".", "/") + ".py"))
        for id, row in COURSE.items()
    }


def find(id: str) -> Exercise:
    """The exercise of that id, in whatever case.

    Raises:
        MultibackendError: there is none; the nearest are offered.
    """
    known = exercises()
    found = known.get(id.upper())
    if found is None:
        near = difflib.get_close_matches(id.upper(), known, n=3, cutoff=0.3) or [f"{next(iter(known))} …"]
        raise MultibackendError(
            f"unknown exercise {id!r}; nearest: {', '.join(near)}. `multibackend progress` shows them all."
        )
    return found


def _root() -> Path:
    specification = importlib.util.find_spec("exercises")
    assert specification is not None and specification.origin is not None
    return Path(specification.origin).parent
