"""Words: the texts that students read, in English and in French, from TOML files with the same keys for both.

An exercise's words lie beside its unit's modules, in `words/<module>.toml`. The texts that all exercises share are in
`messages.toml` here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar, get_args

from msgspec import Struct, structs

from multibackend.errors import MultibackendError
from multibackend.typed import read_typed

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

File = TypeVar("File", bound=Struct)
Found = TypeVar("Found")

HINTS = 3
LANGUAGE_VARIABLE = "MULTIBACKEND_LANGUAGE"


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file; one that holds another key is refused."""


class PointWords(Text, frozen=True):
    """The question of a point, and what to try where it isn't met."""

    asks: str
    advice: str


class Words(Text, frozen=True):
    """The words of an exercise in one language.

    `tasks` gives, by the name of each function or class that is to be written, what it is to do. `advice` holds further
    advice by the keys that checks name. `answer` is a written answer. `note` is for readers of texts on older Keras.
    """

    title: str
    statement: str
    hints: tuple[str, ...]
    tasks: Mapping[str, str]
    points: Mapping[str, PointWords]
    answer: str = ""
    note: str = ""
    advice: Mapping[str, str] = {}


class ExerciseFile(Text, frozen=True):
    """The file of an exercise's words, in the languages that its course is taught in.

    `figures` holds, by name, the numbers that the answer quotes, as they are printed.
    """

    en: Words | None = None
    fr: Words | None = None
    figures: Mapping[str, str] = {}


class UnitWords(Text, frozen=True):
    """The words of a unit in one language."""

    title: str
    statement: str


class UnitFile(Text, frozen=True):
    """The file of a unit's words."""

    en: UnitWords | None = None
    fr: UnitWords | None = None


def read_words(path: Path, language: Language) -> Words:
    """Read an exercise's words; the table `figures` of the file fills in `{name}` in the answer.

    Raises:
        MultibackendError: the file can't be read, lacks a key, or has an unknown one.
    """
    file = _read(path, ExerciseFile)
    words = _choose(path, language, {"en": file.en, "fr": file.fr})
    figures = {name: text.replace(".", ",") if language == "fr" else text for name, text in file.figures.items()}
    try:
        answer = words.answer.format(**figures)
    except (KeyError, IndexError, ValueError) as error:
        raise MultibackendError(
            f"words {path}, {language}: the answer quotes a figure that isn't there ({error}); add it to [figures]."
        ) from error
    stripped = {"statement": words.statement.strip(), "answer": answer.strip(), "note": words.note.strip()}
    tasks = {name: text.strip() for name, text in words.tasks.items()}
    return structs.replace(words, tasks=tasks, **stripped)


def read_unit(path: Path, language: Language) -> UnitWords:
    """Read a unit's words."""
    file = _read(path, UnitFile)
    return _choose(path, language, {"en": file.en, "fr": file.fr})


def read_figures(path: Path) -> Mapping[str, str]:
    """Read the figures that an exercise's answer quotes, as they are printed."""
    return _read(path, ExerciseFile).figures


def _read(path: Path, kind: type[File]) -> File:
    return read_typed(path, kind, "words", "expected the keys of the other exercises; restore the file")


def _choose(path: Path, language: Language, words: Mapping[Language, Found | None]) -> Found:
    found = words[language]
    if found is None:
        raise MultibackendError(f"words {path}: none in {language!r}; expected the keys of the other exercises.")
    return found


@cache
def messages(language: Language) -> Mapping[str, str]:
    """Read the texts that all exercises share, by key."""
    path = Path(__file__).with_name("messages.toml")
    return read_typed(path, dict[Language, dict[str, str]], "messages", "restore the file")[language]


def default_language() -> Language:
    """Return French where MULTIBACKEND_LANGUAGE or else the system's language is French; otherwise English."""
    wanted = os.environ.get(LANGUAGE_VARIABLE) or next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "fr" if wanted.lower().startswith("fr") else "en"
