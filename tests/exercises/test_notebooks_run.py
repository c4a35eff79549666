"""The notebooks run from top to bottom on this environment's backend, and refuse another Keras than their own.

They share a kernel, which forgets all names between them: importing a framework takes longer than most notebooks.
"""

from __future__ import annotations

import os

import nbclient
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from multibackend.course.exercise import list_exercises
from multibackend.course.notebooks import list_notebooks, make_notebook
from multibackend_course import COURSE

BACKEND = os.environ["KERAS_BACKEND"]
NOTEBOOKS = {(n.unit, n.kind, n.language): n for n in list_notebooks(list_exercises(COURSE))}
UNITS = sorted({unit for unit, _, _ in NOTEBOOKS})

BEGIN = """\
%reset -f
import os
os.chdir({folder!r})
os.environ["KERAS_BACKEND"] = {backend!r}"""

CUT_SHORT = """\
if not hasattr(keras.Model, "fit_on_all"):
    keras.Model.fit_on_all = keras.Model.fit

def fit(model, inputs, targets, batch_size=32, validation_data=None, **settings):
    \"\"\"Train on two batches an epoch, and validate on as many rows.\"\"\"
    rows = slice(2 * batch_size)
    few = validation_data and tuple(part[rows] for part in validation_data)
    return model.fit_on_all(inputs[rows], targets[rows], batch_size=batch_size, validation_data=few, **settings)

keras.Model.fit = fit"""
"""That each cell runs shows as well when training is short; `test_facts_*` and parity_tests/ train for its results."""

pytestmark = [
    pytest.mark.xdist_group("notebooks"),
    # Of the kernel's own libraries, when a client starts and stops it.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client():
    """A client with a kernel of its own."""
    client = nbclient.NotebookClient(new_notebook(), timeout=300)
    with client.setup_kernel():
        yield client


@pytest.fixture
def run(client, tmp_path):
    """Run all cells in a folder of their own; return those with a tag."""

    def run(notebook):
        notebook.cells.insert(0, new_code_cell(BEGIN.format(folder=str(tmp_path), backend=BACKEND), id="begin"))
        client.nb = notebook
        client.reset_execution_trackers()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        return {tag: cell for cell in notebook.cells for tag in cell.metadata.get("tags", [])}

    return run


def list_checks(notebook):
    return [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("unit", UNITS)
def test_a_solved_notebook_runs(unit, run):
    notebook = make_notebook(NOTEBOOKS[unit, "solved", "en"])
    (setup,) = (i for i, cell in enumerate(notebook.cells) if "setup" in cell.metadata.get("tags", []))
    notebook.cells.insert(setup + 1, new_code_cell(CUT_SHORT, id="cut-short"))
    cells = run(notebook)
    assert BACKEND in cells["setup"].outputs[0]["text"]
    if "pictures" in cells:
        assert any("image/png" in output.get("data", {}) for output in cells["pictures"].outputs)


@pytest.mark.parametrize("unit", UNITS)
def test_a_students_notebook_writes_a_starter_for_each_exercise(unit, run, tmp_path):
    notebook = make_notebook(NOTEBOOKS[unit, "student", "fr"])
    checks = list_checks(notebook)
    ids = [exercise.id for exercise in NOTEBOOKS[unit, "student", "fr"].exercises]
    assert [check.source for check in checks] == [
        f"!{{sys.executable}} -m multibackend check {id} --language fr" for id in ids
    ]
    notebook.cells = [cell for cell in notebook.cells if cell not in checks]
    run(notebook)
    assert len(list(tmp_path.glob("*.py"))) == len(ids)


def test_a_students_notebook_checks(run):
    """Each check starts a backend of its own, and all are the same command: one of them is as good as all."""
    notebook = make_notebook(NOTEBOOKS[UNITS[0], "student", "fr"])
    others = list_checks(notebook)[1:]
    notebook.cells = [cell for cell in notebook.cells if cell not in others]
    said = "".join(output["text"] for output in run(notebook)["check"].outputs)
    assert f"({BACKEND})" in said
    assert "pas encore écrit" in said


def test_a_notebook_fails_where_keras_runs_on_another_backend(run):
    notebook = make_notebook(NOTEBOOKS[UNITS[0], "solved", "en"])
    other = "tensorflow" if BACKEND == "jax" else "jax"
    before = new_code_cell(f"import keras\nimport os\nos.environ['KERAS_BACKEND'] = {other!r}", id="before")
    notebook.cells = [before, notebook.cells[1]]
    with pytest.raises(CellExecutionError, match=f"Keras runs on {BACKEND}, not on {other}: restart the kernel"):
        run(notebook)
