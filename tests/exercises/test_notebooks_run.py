"""The notebooks run from top to bottom on this environment's backend, and refuse another Keras than their own."""

from __future__ import annotations

import os

import nbclient
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell

from multibackend.course.exercise import list_exercises
from multibackend.course.notebooks import list_notebooks, make_notebook
from multibackend_course import COURSE

BACKEND = os.environ["KERAS_BACKEND"]
NOTEBOOKS = {(n.unit, n.kind, n.language): n for n in list_notebooks(list_exercises(COURSE))}
UNITS = sorted({unit for unit, _, _ in NOTEBOOKS})

pytestmark = [
    # Of the kernel's own libraries, when a client starts and stops it.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def run(notebook, folder):
    """Run all cells in a fresh kernel."""
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return {tag: cell for cell in notebook.cells for tag in cell.metadata.get("tags", [])}


@pytest.mark.parametrize("unit", UNITS)
def test_a_solved_notebook_runs(unit, tmp_path):
    cells = run(make_notebook(NOTEBOOKS[unit, "solved", "en"]), tmp_path)
    assert BACKEND in cells["setup"].outputs[0]["text"]
    if "pictures" in cells:
        assert any("image/png" in output.get("data", {}) for output in cells["pictures"].outputs)


@pytest.mark.parametrize("unit", UNITS)
def test_a_students_notebook_runs_and_checks(unit, tmp_path):
    notebook = make_notebook(NOTEBOOKS[unit, "student", "fr"])
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]
    # Each check starts a backend of its own: one of them is as good as all.
    notebook.cells = [cell for cell in notebook.cells if cell not in checks[1:]]
    cells = run(notebook, tmp_path)
    said = "".join(output["text"] for output in cells["check"].outputs)
    assert f"({BACKEND})" in said
    assert "pas encore écrit" in said
    assert len(list(tmp_path.glob("*.py"))) == len(checks)


def test_a_notebook_fails_where_keras_runs_on_another_backend(tmp_path):
    notebook = make_notebook(NOTEBOOKS[UNITS[0], "solved", "en"])
    other = "tensorflow" if BACKEND == "jax" else "jax"
    before = new_code_cell(f"import keras\nimport os\nos.environ['KERAS_BACKEND'] = {other!r}", id="before")
    notebook.cells = [before, notebook.cells[1]]
    with pytest.raises(CellExecutionError, match=f"Keras runs on {BACKEND}, not on {other}: restart the kernel"):
        run(notebook, tmp_path)
