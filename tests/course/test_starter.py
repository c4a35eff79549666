"""A starter keeps what is given and none of the solution; the solution as shown is the reference, explained."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from multibackend.course.exercise import Exercise, exercises
from multibackend.course.starter import make_solution, make_starter
from multibackend.course.words import LANGUAGES

REFERENCE = '''"""X1. What it is about."""

import keras

WIDTH = 3  # given


def given(x):
    """Given."""
    return x + WIDTH


def _secret(x):
    return 2 * x


@keras.saving.register_keras_serializable()
def task(
    x: int,
    y: int = 2,
) -> int:
    """Told in English."""
    # how
    return _secret(x) + y


class Task:
    """Also told."""

    def __init__(self, x):
        self.x = x

    def call(self):
        """Said."""
        return self.x


last = given
'''

WORDS = """[en]
title = "T"
statement = "S, with \\"quotes\\" and a backslash: \\\\ and \\"\\"\\"three\\"\\"\\"."
hints = ["a", "b", "c"]
points = {}
[en.tasks]
task = "Do it."
Task = "Make it."
"""


@pytest.fixture
def exercise(tmp_path):
    """An exercise of all that a reference may hold."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words/x1.toml").write_text(WORDS, encoding="utf-8")
    (tmp_path / "x1.py").write_text(REFERENCE, encoding="utf-8")
    return Exercise("X1", "code", "some_course.x.x1", Path(tmp_path / "x1.py"))


def test_a_starter_keeps_heads_and_what_is_given(exercise):
    starter = make_starter(exercise, "en")
    tree = ast.parse(starter)
    assert ast.get_docstring(tree).startswith("X1. T\n\nS, with \"quotes\" and a backslash: \\ and '''three'''.")
    assert (
        starter.partition("import keras")[2]
        == '''

WIDTH = 3  # given


def given(x):
    """Given."""
    return x + WIDTH


@keras.saving.register_keras_serializable()
def task(
    x: int,
    y: int = 2,
) -> int:
    """Do it."""
    raise NotImplementedError("your turn")


class Task:
    """Make it."""

    def __init__(self, x):
        raise NotImplementedError("your turn")

    def call(self):
        raise NotImplementedError("your turn")


last = given
'''
    )


def test_a_solution_is_the_reference_with_its_words(exercise):
    solution = make_solution(exercise, "en")
    assert "# how\n    return _secret(x) + y" in solution
    assert '"""Do it."""' in solution
    assert "Told in English" not in solution
    bodies = [ast.dump(node) for node in ast.walk(ast.parse(solution)) if isinstance(node, ast.Return)]
    assert bodies == [ast.dump(node) for node in ast.walk(ast.parse(REFERENCE)) if isinstance(node, ast.Return)]


def without_docstrings(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id", exercises())
def test_every_solution_is_the_reference_but_for_its_docstrings(id, language):
    exercise = exercises()[id]
    assert without_docstrings(make_solution(exercise, language)) == without_docstrings(exercise.source)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id", exercises())
def test_every_starter_is_python_without_the_solution(id, language):
    """Nothing of a task's body is left: neither its statements nor a name with an underscore."""
    exercise = exercises()[id]
    starter, tasks = make_starter(exercise, language), exercise.words(language).tasks
    written = {ast.dump(node) for node in ast.parse(starter).body}
    for node in ast.parse(exercise.source).body:
        name = getattr(node, "name", "")
        if name in tasks or (isinstance(node, (ast.FunctionDef, ast.ClassDef)) and name.startswith("_")):
            assert ast.dump(node) not in written
    assert starter.count("NotImplementedError") >= len(tasks)
