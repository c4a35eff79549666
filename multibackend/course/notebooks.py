"""Notebooks: one of each unit for students and one with solutions, in each language, made from the same sources.

In a student's notebook each exercise is a cell that writes the starter's file, and a cell that checks it. In a solved
one the solution runs in the notebook itself, followed by the answer, its figures and the pictures.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from multibackend.course.exercise import Exercise, exercises
from multibackend.course.starter import make_solution, make_starter
from multibackend.course.words import LANGUAGES, Language, messages, read_unit

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

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch": before Keras is imported

import keras

if keras.backend.backend() != os.environ["KERAS_BACKEND"]:
    raise RuntimeError({restart!r}.format(keras.backend.backend(), os.environ["KERAS_BACKEND"]))
if importlib.util.find_spec("multibackend") is None:
    %pip install --quiet git+https://github.com/{repository}
%matplotlib inline
print(keras.__version__, keras.backend.backend(), sys.version.split()[0])"""

CALLED_WHERE_DEFINED = {"figures": "figures()", "pictures": "for picture in pictures().values():\n    display(picture)"}
"""What a solved notebook shows of an exercise that defines it."""


@dataclass(frozen=True)
class Notebook:
    """Which notebook: a unit, by its folder; for whom; in which language."""

    unit: str
    kind: Kind
    language: Language

    @property
    def filename(self) -> str:
        """Its name on the disk."""
        return f"{self.unit}.{self.kind}.{self.language}.ipynb"


def all_notebooks() -> list[Notebook]:
    """All that there are."""
    units = dict.fromkeys(exercise.unit for exercise in exercises().values())
    return [Notebook(unit, kind, language) for unit in units for kind in KINDS for language in LANGUAGES]


def make_notebook(notebook: Notebook) -> NotebookNode:
    """Make one; the same sources make the same notebook."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    make = {"text": new_markdown_cell, "code": new_code_cell}
    cells = [
        make[kind](source, id=f"cell-{i}", metadata={"tags": [tag]} if tag else {})
        for i, (kind, source, tag) in enumerate(_cells(notebook))
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def write_notebooks(folder: Path) -> list[Path]:
    """Write all; return those that changed."""
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for notebook in all_notebooks():
        path, text = folder / notebook.filename, nbformat.writes(make_notebook(notebook)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


Cell = tuple[Literal["text", "code"], str, str]
"""Its kind, its source, and a tag or none."""


def _cells(notebook: Notebook) -> Iterator[Cell]:
    chosen = [exercise for exercise in exercises().values() if exercise.unit == notebook.unit]
    unit, said = read_unit(chosen[0].unit_words_path, notebook.language), messages(notebook.language)
    link = f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/{FOLDER}/{notebook.filename}"
    badge = f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
    yield "text", f"# {unit.title}\n\n{unit.statement}\n\n{badge}", ""
    yield "code", _setup(said["restart"]), "setup"
    for exercise in chosen:
        words = exercise.words(notebook.language)
        text = "\n\n".join(part for part in (words.statement, words.note) if part)
        yield "text", f"## {exercise.id}. {words.title}\n\n{text}", ""
        yield from (_student if notebook.kind == "student" else _solved)(exercise, notebook.language)


def _setup(restart: str) -> str:
    return SETUP.replace("{restart!r}", repr(restart)).replace("{repository}", REPOSITORY)


def _student(exercise: Exercise, language: Language) -> Iterator[Cell]:
    yield "code", f"%%writefile {exercise.filename}\n{make_starter(exercise, language).rstrip()}", "starter"
    yield "code", f"!{{sys.executable}} -m multibackend check {exercise.id} --language {language}", "check"


def _solved(exercise: Exercise, language: Language) -> Iterator[Cell]:
    source = make_solution(exercise, language)
    tree = ast.parse(source)
    body = source.splitlines()[tree.body[0].end_lineno or 0 :]  # without the answer, which has a cell of its own
    yield "code", "\n".join(body).strip(), "solution"
    if answer := exercise.words(language).answer:
        yield "text", answer, ""
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, call in CALLED_WHERE_DEFINED.items():
        if name in defined:
            yield "code", call, name
