"""Every text is there in English and in French, under the same keys, and says what the checks and the solution need."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

import multibackend.course
from multibackend.course.exercise import exercises
from multibackend.course.words import HINTS, LANGUAGES, default_language, read_figures, read_words
from multibackend.errors import MultibackendError
from multibackend_course import EXERCISES as COURSE

EXERCISES = exercises()
MESSAGES = Path(multibackend.course.__file__).with_name("messages.toml")
FRENCH = re.compile(
    r"\b(le|la|les|une?|des?|du|et|vous|est|que|pour|dans|sur|à|chaque|par|avec|puis)\b|[éèêàçùôî]", re.I
)


def keys(table, prefix=""):
    for key, value in table.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{key}.")
        if isinstance(value, list):
            yield f"{prefix}{key}: {len(value)}"


def texts(table):
    for value in table.values():
        yield from texts(value) if isinstance(value, dict) else [value] if isinstance(value, str) else value


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def differing(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    english, french = (set(keys(table[language])) for language in LANGUAGES)
    return sorted(english ^ french)


def test_the_course_has_its_fifty_rows():
    assert len(COURSE) == 50
    assert [sum(id.startswith(unit) for id in COURSE) for unit in "ABCDE"] == [14, 13, 9, 9, 5]


@pytest.mark.parametrize(
    "path", [MESSAGES, *(exercise.words_path for exercise in EXERCISES.values())], ids=lambda p: p.stem
)
def test_both_languages_have_the_same_keys(path):
    assert not differing(path)


def test_a_missing_key_is_found(tmp_path):
    path = tmp_path / "a1.toml"
    path.write_text(EXERCISES["A1"].words_path.read_text(encoding="utf-8").replace("\nnot_built = ", "\nbuilt = ", 1))
    assert differing(path) == [
        f"points.{name}{part}" for name in ("built", "not_built") for part in ("", ".advice", ".asks")
    ]


@pytest.mark.parametrize("id", EXERCISES)
def test_french_is_french_and_nothing_is_empty(id):
    table = tomllib.loads(EXERCISES[id].words_path.read_text(encoding="utf-8"))
    for language in LANGUAGES:
        assert all(text.strip() for text in texts(table[language])), language
    for text in (re.sub(r"`[^`]*`", "", text) for text in texts(table["fr"])):
        assert len(text) < 40 or FRENCH.search(text), text
    english, french = (read_words(EXERCISES[id].words_path, language) for language in LANGUAGES)
    assert english.statement != french.statement
    assert english.title != french.title


@pytest.mark.parametrize("id", EXERCISES)
def test_words_are_of_this_exercise(id):
    exercise = EXERCISES[id]
    defined = {
        node.name for node in ast.parse(exercise.source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    for language in LANGUAGES:
        words = exercise.words(language)
        assert len(words.hints) == HINTS
        assert list(words.points) == [point.name for point in exercise.points()]
        assert words.tasks
        assert set(words.tasks) <= defined
        assert bool(words.answer) or exercise.kind == "code"
    figures = read_figures(exercise.words_path)
    table = tomllib.loads(exercise.words_path.read_text(encoding="utf-8"))
    for language in LANGUAGES:
        assert set(fields(table[language].get("answer", ""))) == set(figures)


def test_messages_fill_in_the_same_fields():
    table = tomllib.loads(MESSAGES.read_text(encoding="utf-8"))
    for key, text in table["en"].items():
        assert fields(text) == fields(table["fr"][key]), key


@pytest.mark.parametrize(
    ("environment", "language"),
    [({"LANG": "fr_FR.UTF-8"}, "fr"), ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "en_GB", "LC_ALL": "fr_CA"}, "fr"),
     ({}, "en"),
     ({"LANG": "fr_FR", "MULTIBACKEND_LANGUAGE": "en"}, "en")],
)  # fmt: skip
def test_the_language_is_the_systems_unless_said_otherwise(environment, language, monkeypatch):
    for name in ("MULTIBACKEND_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language


def test_a_file_that_is_no_words_is_one_line(tmp_path):
    (tmp_path / "a.toml").write_text("[en]\ntitle = 'x'\n")
    with pytest.raises(MultibackendError, match="expected the keys"):
        read_words(tmp_path / "a.toml", "en")
    with pytest.raises(MultibackendError, match="restore the file"):
        read_words(tmp_path / "b.toml", "en")
