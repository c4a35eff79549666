"""Course options: the options that the commands of the course have in common."""

from __future__ import annotations

from pathlib import Path

import click

from multibackend.course.words import LANGUAGE_VARIABLE, LANGUAGES, default_language
from multibackend.engine.backends import BACKENDS

BACKEND_OPTION = click.option(
    "--backend",
    type=click.Choice([*BACKENDS, "all"]),
    help="The backend to check on.  [default: KERAS_BACKEND, or the first that is installed]",
)

EXERCISE_ARGUMENT = click.argument("id", metavar="EXERCISE")

FILE_ARGUMENT = click.argument("file", required=False, type=click.Path(path_type=Path))

LANGUAGE_OPTION = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=default_language,
    envvar=LANGUAGE_VARIABLE,
    show_envvar=True,
    help="The language of statements, hints and answers.  [default: the system's]",
)

FOLDER_OPTION = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder of your files.  [default: here]",
)
