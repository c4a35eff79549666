"""`multibackend check` and `watch`: judge a student's file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.course_options import (
    BACKEND_OPTION,
    EXERCISE_ARGUMENT,
    FILE_ARGUMENT,
    FOLDER_OPTION,
    LANGUAGE_OPTION,
)
from multibackend.cli.options import PYTHON_OPTION
from multibackend.cli.output import say, say_error
from multibackend.course.names import shown
from multibackend.course.words import Language, messages
from multibackend.errors import MultibackendError

if TYPE_CHECKING:
    from multibackend.course.examination import Examiner
    from multibackend.course.exercise import Exercise
    from multibackend.course.verdict import Result, Submission
    from multibackend.course.workbook import Workbook


@click.command()
@EXERCISE_ARGUMENT
@FILE_ARGUMENT
@BACKEND_OPTION
@FOLDER_OPTION
@LANGUAGE_OPTION
@PYTHON_OPTION
def check(
    id: str, file: Path | None, backend: str | None, folder: Path, language: Language, pythons: dict[str, str]
) -> None:
    """Check an exercise: say of each point that it is met, or what was expected, what was got, and what to try.

    FILE is the file to check; by default, the one that `start` wrote. It runs in a process of its own, with limits to
    its time and memory, and without a network. Exits with 0 only if all points are met, on all backends asked for.
    """
    from multibackend.course.exercise import find
    from multibackend.course.workbook import Workbook

    exercise, workbook = find(id), Workbook(folder)
    path = file or workbook.file(exercise)
    submission = _read_submission(exercise, path, language)
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
@FILE_ARGUMENT
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
    _read_submission(exercise, path, language)
    with ExitStack() as stack:
        examiners = [stack.enter_context(examiner) for examiner in _start(backend, pythons)]
        try:
            for _ in saves(path):
                try:
                    submission = _read_submission(exercise, path, language)
                except MultibackendError as error:  # until it is saved again
                    say_error(str(error))
                    continue
                results = [_check(exercise, submission, each, workbook, language) for each in examiners]
                if all(result.passed for result in results):
                    click.echo(_praise(exercise, path, language))
                click.echo(messages(language)["watching"].format(file=shown(path)))
        except KeyboardInterrupt:
            click.echo()


def _read_submission(exercise: Exercise, path: Path, language: Language) -> Submission:
    from multibackend.course.verdict import Submission
    from multibackend.course.workbook import read_own

    return Submission(shown(path.name), read_own(exercise, path, language))


def _start(backend: str | None, pythons: dict[str, str]) -> Sequence[Examiner]:
    """Start an examiner for each backend asked for, all at once."""
    from multibackend.course.examination import Examiner
    from multibackend.launch.choosing import choose

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
        lines.append(said["try_parity"].format(file=shown(path)))
    following = order[order.index(exercise.id) + 1 :]
    lines.append(said["next"].format(id=following[0]) if following else said["end"])
    return "\n".join(lines)
