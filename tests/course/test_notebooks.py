"""The committed notebooks are those that the sources make: all of them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from multibackend.course.exercise import list_exercises
from multibackend.course.notebooks import Notebook, list_notebooks, make_notebook, write_notebooks
from multibackend.course.starter import make_starter
from multibackend_course import COURSE

COMMITTED = Path(__file__).resolve().parents[2] / "docs/notebooks"
EXERCISES = tuple(list_exercises(COURSE))
NOTEBOOKS = list_notebooks(EXERCISES)


def test_there_is_one_of_each_unit_kind_and_language():
    assert len(NOTEBOOKS) == 5 * 2 * 2
    assert {path.name for path in COMMITTED.iterdir()} == {notebook.filename for notebook in NOTEBOOKS}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.filename)
def test_the_committed_notebook_is_what_the_sources_make(notebook):
    made = make_notebook(notebook)
    nbformat.validate(made)
    text = (COMMITTED / notebook.filename).read_text(encoding="utf-8")
    assert text == nbformat.writes(made) + "\n", "run: python docs/make.py notebooks"


def test_a_notebook_that_drifted_is_found(tmp_path):
    assert len(write_notebooks(tmp_path, EXERCISES)) == 20
    assert write_notebooks(tmp_path, EXERCISES) == []
    path = tmp_path / NOTEBOOKS[3].filename
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("keras", "kears", 1), encoding="utf-8")
    assert write_notebooks(tmp_path, EXERCISES) == [path]
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.filename)
def test_a_notebook_sets_its_backend_first_and_holds_every_exercise(notebook):
    cells = make_notebook(notebook).cells
    assert "colab-badge.svg" in cells[0].source
    assert cells[0].source.count(notebook.filename) == 1
    code = [cell for cell in cells if cell.cell_type == "code"]
    setup = code[0].source
    assert setup.index("KERAS_BACKEND") < setup.index("import keras") < setup.index("raise RuntimeError")
    own = [exercise for exercise in EXERCISES if exercise.unit == notebook.unit]
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    for exercise in own:
        assert any(text.startswith(f"## {exercise.id}. {exercise.words(notebook.language).title}\n") for text in texts)
    tags = [tag for cell in code for tag in cell.metadata.get("tags", [])]
    wanted = ["starter", "check"] if notebook.kind == "student" else ["solution"]
    assert [tags.count(tag) for tag in wanted] == [len(own)] * len(wanted)


def test_a_students_notebook_holds_no_solution():
    for exercise in EXERCISES:
        cells = make_notebook(Notebook((exercise,), "student", "fr")).cells
        (starter,) = [c.source for c in cells if c.source.startswith(f"%%writefile {exercise.filename}\n")]
        assert starter.partition("\n")[2] + "\n" == make_starter(exercise, "fr")
        assert starter.count("NotImplementedError") >= 1
