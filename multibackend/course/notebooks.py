"""Notebooks: one of each unit for students and one with solutions, in each language, made from the same sources.

In a student's notebook, each exercise has a cell that writes the starter's file and a cell that checks it. In a solved
notebook, the solution runs in the notebook itself, followed by the answer, its figures and the pictures.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from multibackend.course.exercise import Exercise
from multibackend.course.starter import make_solution, make_starter
from multibackend.course.words import LANGUAGES, Language, messages, read_unit
from multibackend.engine.backends import BACKENDS
from multibackend.files.writing import write_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

Kind = Literal["student", "solved"]
KINDS: tuple[Kind, ...] = get_args(Kind)

REPOSITORY = "multibackend/multibackend"
FOLDER = "docs/notebooks"

SETUP = """\
import importlib.util
import os
import sys

os.environ.setdefault("KERAS_BACKEND", {backend})  # or {others}: before Keras is imported

import keras

if keras.backend.backend() != os.environ["KERAS_BACKEND"]:
    raise RuntimeError({restart!r}.format(keras.backend.backend(), os.environ["KERAS_BACKEND"]))
if importlib.util.find_spec("multibackend") is None:
    %pip install --quiet git+https://github.com/{repository}
%matplotlib inline
print(keras.__version__, keras.backend.backend(), sys.version.split()[0])"""

CALLED_WHERE_DEFINED = {"figures": "figures()", "pictures": "for picture in pictures().values():\n    display(picture)"}
"""The calls that a solved notebook adds for an exercise that defines these functions."""


@dataclass(frozen=True)
class Notebook:
    """A notebook of a unit's exercises, for students or with solutions, in a language."""

    exercises: tuple[Exercise, ...]
    kind: Kind
    language: Language

    @property
    def unit(self) -> str:
        """The name of its unit's folder."""
        return self.exercises[0].unit

    @property
    def filename(self) -> str:
        """The name of its file."""
        return f"{self.unit}.{self.kind}.{self.language}.ipynb"


def list_notebooks(exercises: Iterable[Exercise]) -> list[Notebook]:
    """List all notebooks of a course's exercises: for each unit, both kinds in both languages."""
    units: dict[str, list[Exercise]] = {}
    for exercise in exercises:
        units.setdefault(exercise.unit, []).append(exercise)
    return [
        Notebook(tuple(unit), kind, language) for unit in units.values() for kind in KINDS for language in LANGUAGES
    ]


def make_notebook(notebook: Notebook) -> NotebookNode:
    """Make a notebook; the same sources make the same notebook."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    make = {"text": new_markdown_cell, "code": new_code_cell}
    cells = [
        make[cell.kind](cell.source, id=f"cell-{i}", metadata={"tags": [cell.tag]} if cell.tag else {})
        for i, cell in enumerate(_cells(notebook))
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def write_notebooks(folder: Path, exercises: Iterable[Exercise]) -> list[Path]:
    """Write all notebooks of a course's exercises; return the paths of those that changed."""
    import nbformat

    changed = []
    for notebook in list_notebooks(exercises):
        path, text = folder / notebook.filename, nbformat.writes(make_notebook(notebook)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text.encode())
            changed.append(path)
    return changed


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its kind, its source, and a tag, "" for none."""

    kind: Literal["text", "code"]
    source: str
    tag: str = ""


def _cells(notebook: Notebook) -> Iterator[Cell]:
    chosen = notebook.exercises
    unit, said = read_unit(chosen[0].unit_words_path, notebook.language), messages(notebook.language)
    link = f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/{FOLDER}/{notebook.filename}"
    badge = f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
    yield Cell("text", f"# {unit.title}\n\n{unit.statement}\n\n{badge}")
    yield Cell("code", _setup(said["restart"]), "setup")
    for exercise in chosen:
        words = exercise.words(notebook.language)
        text = "\n\n".join(part for part in (words.statement, words.note) if part)
        yield Cell("text", f"## {exercise.id}. {words.title}\n\n{text}")
        yield from (_student if notebook.kind == "student" else _solved)(exercise, notebook.language)


def _setup(restart: str) -> str:
    first, *others = (f'"{name}"' for name in BACKENDS)
    filled = {"restart!r": repr(restart), "repository": REPOSITORY, "backend": first, "others": ", or ".join(others)}
    setup = SETUP
    for name, text in filled.items():
        setup = setup.replace(f"{{{name}}}", text)
    return setup


def _student(exercise: Exercise, language: Language) -> Iterator[Cell]:
    yield Cell("code", f"%%writefile {exercise.filename}\n{make_starter(exercise, language).rstrip()}", "starter")
    yield Cell("code", f"!{{sys.executable}} -m multibackend check {exercise.id} --language {language}", "check")


def _solved(exercise: Exercise, language: Language) -> Iterator[Cell]:
    source = make_solution(exercise, language)
    tree = ast.parse(source)
    body = source.splitlines()[tree.body[0].end_lineno or 0 :]  # without the answer, which has a cell of its own
    yield Cell("code", "\n".join(body).strip(), "solution")
    if answer := exercise.words(language).answer:
        yield Cell("text", answer)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, call in CALLED_WHERE_DEFINED.items():
        if name in defined:
            yield Cell("code", call, name)
