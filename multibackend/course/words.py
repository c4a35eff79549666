"""Words: what a student reads, in English and in French, from TOML files with the same keys for both.

Beside each unit's modules, `words/<module>.toml` holds an exercise's; `messages.toml` here holds what all share.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from multibackend.errors import MultibackendError

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

HINTS = 3
LANGUAGE_VARIABLE = "MULTIBACKEND_LANGUAGE"


@dataclass(frozen=True)
class PointWords:
    """What a point asks, and what to try where it isn't met."""

    asks: str
    advice: str


@dataclass(frozen=True)
class Words:
    """An exercise in one language.

    `tasks` says of each function or class to be written, by its name, what it is to do; `advice` holds further advice
    by the keys that checks name; `answer` is a written answer; `note` is for readers of texts on older Keras.
    """

    title: str
    statement: str
    hints: tuple[str, ...]
    tasks: Mapping[str, str]
    points: Mapping[str, PointWords]
    answer: str = ""
    note: str = ""
    advice: Mapping[str, str] = field(default_factory=dict)


def read_words(path: Path, language: Language) -> Words:
    """Read an exercise's words; figures in its answer, `{name}`, are those that the file's table `figures` holds.

    Raises:
        MultibackendError: the file can't be read, or lacks a key.
    """
    table = _read(path)
    try:
        words = dict(table[language])
        points = {name: PointWords(**point) for name, point in words.pop("points").items()}
        figures = table.get("figures", {})
        if language == "fr":
            figures = {name: text.replace(".", ",") for name, text in figures.items()}
        words["answer"] = words.get("answer", "").format(**figures)
        for key in ("statement", "answer", "note"):
            words[key] = words.get(key, "").strip()
        tasks = {name: text.strip() for name, text in words.pop("tasks").items()}
        return Words(**{**words, "hints": tuple(words["hints"]), "points": points, "tasks": tasks})
    except (KeyError, TypeError, AttributeError) as error:
        raise MultibackendError(
            f"words {path}, {language}: {error}; expected the keys of the other exercises."
        ) from error


@dataclass(frozen=True)
class UnitWords:
    """A unit in one language."""

    title: str
    statement: str


def read_unit(path: Path, language: Language) -> UnitWords:
    """Read a unit's words."""
    return UnitWords(**_read(path)[language])


def read_figures(path: Path) -> dict[str, str]:
    """The figures that an exercise's answer quotes, as they are printed."""
    return dict(_read(path).get("figures", {}))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MultibackendError(f"words {path}: {error}; restore the file.") from error


@cache
def messages(language: Language) -> Mapping[str, str]:
    """What all exercises share, by key."""
    table: Mapping[str, str] = _read(Path(__file__).with_name("messages.toml"))[language]
    return table


def default_language() -> Language:
    """French where MULTIBACKEND_LANGUAGE or else the system's language is French; otherwise English."""
    wanted = os.environ.get(LANGUAGE_VARIABLE) or next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "fr" if wanted.lower().startswith("fr") else "en"
