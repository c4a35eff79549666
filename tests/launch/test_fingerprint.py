"""The fingerprint: which files decide a training's numbers, and which don't."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import multibackend
from multibackend.launch.fingerprint import TRAINING, fingerprint
from multibackend.launch.probing import Interpreter, list_source_packages
from multibackend.launch.settings import Settings

PACKAGE = Path(multibackend.__file__).parent
JUDGES = ("compare", "report", "launch", "sweep", "reduce", "course", "cli", "pytest_plugin", "api.py")


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """A Python that finds copies of the package and of a course, which a test may edit."""
    ours, course = tmp_path / "multibackend", tmp_path / "course_of_mine"
    shutil.copytree(PACKAGE, ours, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("unit/exercise.py", "unit/checks/exercise.py", "unit/words/exercise.py"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("")
    folders = {"multibackend": str(ours), "course_of_mine": str(course)}
    return Interpreter("jax", sys.executable, {"python": "3.12.0"}, folders)


def edit(interpreter: Interpreter, place: str) -> str:
    """The fingerprint once a Python file at a place of the copies has a line more."""
    path = Path(interpreter.folders["multibackend"]).parent / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    assert files
    with files[-1].open("a") as file:
        file.write("# edited\n")
    return fingerprint(interpreter, Settings(), [])


@pytest.mark.parametrize("place", JUDGES)
def test_editing_what_judges_or_launches_keeps_every_record(interpreter: Interpreter, place: str) -> None:
    before = fingerprint(interpreter, Settings(), [])
    assert edit(interpreter, f"multibackend/{place}") == before


@pytest.mark.parametrize("place", [*TRAINING, "engine/torch/engine.py", "engine/jax/descriptor.py"])
def test_editing_what_trains_trains_anew(interpreter: Interpreter, place: str) -> None:
    before = fingerprint(interpreter, Settings(), [])
    assert edit(interpreter, f"multibackend/{place}") != before


def test_a_courses_exercises_count_and_their_checks_and_words_do_not(interpreter: Interpreter) -> None:
    before = fingerprint(interpreter, Settings(), [])
    assert edit(interpreter, "course_of_mine/unit/checks") == before
    assert edit(interpreter, "course_of_mine/unit/words") == before
    assert edit(interpreter, "course_of_mine/unit/exercise.py") != before


def test_every_file_and_folder_that_is_listed_exists() -> None:
    assert all((PACKAGE / place).exists() for place in TRAINING)
    assert list_source_packages()[0] == "multibackend"
