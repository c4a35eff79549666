"""`multibackend draw`."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import click

from multibackend.cli.course_options import BACKEND_OPTION, EXERCISE_ARGUMENT, FILE_ARGUMENT, LANGUAGE_OPTION
from multibackend.cli.options import PYTHON_OPTION
from multibackend.course.names import shown
from multibackend.course.words import Language
from multibackend.errors import MultibackendError
from multibackend.text import sanitize


@click.command()
@EXERCISE_ARGUMENT
@FILE_ARGUMENT
@BACKEND_OPTION
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path("pictures"), show_default=True)
@LANGUAGE_OPTION
@PYTHON_OPTION
def draw(
    id: str, file: Path | None, backend: str | None, output: Path, language: Language, pythons: dict[str, str]
) -> None:
    """Draw an exercise's pictures with the solution, or with FILE, and save them.

    FILE is run as a program of yours, without the limits of `check`: it can do all that you can. Draw your own file, or
    one that you have read.
    """
    from multibackend.course.exercise import find
    from multibackend.course.workbook import read_own
    from multibackend.launch.choosing import choose

    exercise = find(id)
    path = file or exercise.path
    if not _draws(read_own(exercise, path, language), path):
        raise MultibackendError(
            f"{shown(path)}: defines no pictures(); expected an exercise that has some, such as A11 or B9."
        )
    if backend == "all":
        raise click.UsageError("--backend: got all; expected one.")
    (interpreter,) = choose(backend, pythons)
    folder = output / exercise.id
    done = subprocess.run(
        [interpreter.python, "-P", "-m", "multibackend.course.pictures", str(path), str(folder)],
        env={**os.environ, "KERAS_BACKEND": interpreter.backend},
        check=False,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended"])[-1]
        raise MultibackendError(f"{shown(path)}: {sanitize(last)}")


def _draws(source: str, path: Path) -> bool:
    """Tell whether a file defines `pictures`."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        where = f"{shown(path)}, line {error.lineno}"
        raise MultibackendError(f"{where}: {sanitize(error.msg)}; expected Python.") from error
    except (RecursionError, MemoryError) as error:
        raise MultibackendError(f"{shown(path)}: nested too deeply; expected Python.") from error
    return any(isinstance(node, ast.FunctionDef) and node.name == "pictures" for node in body)
