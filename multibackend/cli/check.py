"""`multibackend check`, `watch` and `draw`: what runs a student's file."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.options import (
    BACKEND_OPTION,
    EXERCISE_ARGUMENT,
    FOLDER_OPTION,
    LANGUAGE_OPTION,
    PYTHON_OPTION,
)
from multibackend.cli.output import say
from multibackend.course.words import Language, messages
from multibackend.errors import MultibackendError

if TYPE_CHECKING:
    from multibackend.course.examination import Examiner, Result, Submission
    from multibackend.course.exercise import Exercise
    from multibackend.course.workbook import Workbook

FILE = click.argument("file", required=False, type=click.Path(path_type=Path))


@click.command()
@EXERCISE_ARGUMENT
@FILE
@BACKEND_OPTION
@FOLDER_OPTION
@LANGUAGE_OPTION
@PYTHON_OPTION
def check(
    id: str, file: Path | None, backend: str | None, folder: Path, language: Language, pythons: dict[str, str]
) -> None:
    """Check an exercise: for each point, whether it is met, or what was expected, what was got, and what to try.

    FILE is the file to check; by default, the one that `start` wrote. It runs in a process of its own, with limits to
    its time and memory, and without a network. Exits with 0 only if all points are met, on all backends asked for.
    """
    from multibackend.course.exercise import find
    from multibackend.course.workbook import Workbook

    exercise, workbook = find(id), Workbook(folder)
    path = file or workbook.file(exercise)
    submission = _read_submission(exercise, path)
    passed = True
    with ExitStack() as stack:
        for examiner in [stack.enter_context(examiner) for examiner in _start(backend, pythons)]:
            result = _check(exercise, submission, examiner, workbook, language)
            passed = passed and result.passed
    if passed:
        click.echo(_praise(exercise, path, language))
    sys.exit(int(not passed))


@click.command()
@EXERCISE_ARGUMENT
@FILE
@BACKEND_OPTION
@FOLDER_OPTION
@LANGUAGE_OPTION
@PYTHON_OPTION
def watch(
    id: str, file: Path | None, backend: str | None, folder: Path, language: Language, pythons: dict[str, str]
) -> None:
    """Check an exercise at once, and again whenever its file is saved; Ctrl-C ends."""
    from multibackend.course.exercise import find
    from multibackend.course.watching import saves
    from multibackend.course.workbook import Workbook

    exercise, workbook = find(id), Workbook(folder)
    path = file or workbook.file(exercise)
    _read(exercise, path)
    with ExitStack() as stack:
        examiners = [stack.enter_context(examiner) for examiner in _start(backend, pythons)]
        try:
            for _ in saves(path):
                submission = _read_submission(exercise, path)
                results = [_check(exercise, submission, each, workbook, language) for each in examiners]
                if all(result.passed for result in results):
                    click.echo(_praise(exercise, path, language))
                click.echo(messages(language)["watching"].format(file=path))
        except KeyboardInterrupt:
            click.echo()


@click.command()
@EXERCISE_ARGUMENT
@FILE
@BACKEND_OPTION
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path("pictures"), show_default=True)
@PYTHON_OPTION
def draw(id: str, file: Path | None, backend: str | None, output: Path, pythons: dict[str, str]) -> None:
    """Draw an exercise's pictures, and save them: of the solution, or of FILE, which is run as it is."""
    import subprocess

    from multibackend.course.exercise import find
    from multibackend.interpreters import choose

    exercise = find(id)
    path = file or exercise.path
    if not _draws(_read(exercise, path), path):
        raise MultibackendError(
            f"{path}: defines no pictures(); expected an exercise that has some, such as A11 or B9."
        )
    if backend == "all":
        raise click.UsageError("--backend: got all; expected one.")
    (interpreter,) = choose(backend, pythons)
    folder = output / exercise.id
    done = subprocess.run(
        [interpreter.python, "-m", "multibackend.course.pictures", str(path), str(folder)],
        env={**os.environ, "KERAS_BACKEND": interpreter.backend},
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise MultibackendError(f"{path}: {(done.stderr.strip().splitlines() or ['it ended'])[-1]}")


def _read(exercise: Exercise, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MultibackendError(f"{path}: no such file; `multibackend start {exercise.id}` writes it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise MultibackendError(f"{path}: can't be read ({error}); expected a Python file in UTF-8.") from error


def _read_submission(exercise: Exercise, path: Path) -> Submission:
    from multibackend.course.examination import Submission

    return Submission(path.name, _read(exercise, path))


def _draws(source: str, path: Path) -> bool:
    """Whether a file defines `pictures`."""
    import ast

    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise MultibackendError(f"{path}, line {error.lineno}: {error.msg}; expected Python.") from error
    return any(isinstance(node, ast.FunctionDef) and node.name == "pictures" for node in body)


def _start(backend: str | None, pythons: dict[str, str]) -> Sequence[Examiner]:
    """An examiner for each backend asked for, all starting at once."""
    from multibackend.course.examination import Examiner
    from multibackend.interpreters import choose

    return [Examiner(interpreter.backend, interpreter.python) for interpreter in choose(backend, pythons)]


def _check(
    exercise: Exercise, submission: Submission, examiner: Examiner, workbook: Workbook, language: Language
) -> Result:
    from multibackend.course.feedback import explain
    from multibackend.course.isolation import NoIsolation
    from multibackend.course.limits import Limits

    words, limits, points = exercise.words(language), Limits(), exercise.points()
    try:
        result = examiner.examine(submission, points, limits, isolate=True)
    except NoIsolation as error:
        say(f"{error} Checked without: only run files that you trust.")
        result = examiner.examine(submission, points, limits, isolate=False)
    click.echo(f"{exercise.id}. {words.title} ({examiner.backend})")
    for line in explain(result, words, language, limits):
        click.echo(line)
    workbook.take_marks(exercise, examiner.backend, result.marks, result.most)
    return result


def _praise(exercise: Exercise, path: Path, language: Language) -> str:
    from multibackend.course.exercise import exercises

    said, order = messages(language), list(exercises())
    lines = [said["all_met"]]
    if exercise.kind == "train":
        lines.append(said["try_parity"].format(file=path))
    following = order[order.index(exercise.id) + 1 :]
    lines.append(said["next"].format(id=following[0]) if following else said["end"])
    return "\n".join(lines)
