"""Output: how every command says something, in lines on standard error and in tables as wide as the terminal.

Nothing that is said has an effect on the terminal, whatever names, paths and reasons are in it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from multibackend.text import LONGEST_DETAIL, sanitize

if TYPE_CHECKING:
    from rich.console import Console

NARROW_COLUMNS = 120
"""The width of tables without a terminal, such as in the log of a CI job."""


def say(line: str) -> None:
    """Print a line on standard error: standard output is for results."""
    click.echo(f"multibackend: {sanitize(line, LONGEST_DETAIL)}", err=True)


def say_error(message: str) -> None:
    """Print a message on standard error, each of its lines marked as an error."""
    for line in message.splitlines() or [""]:
        say(f"error: {line}")


def show(text: str) -> None:
    """Print lines on standard output with all their spaces: a path may have two in a row."""
    for line in text.splitlines():
        click.echo(" ".join(sanitize(word, LONGEST_DETAIL) for word in line.split(" ")))


def console() -> Console:
    """Make a console as wide as the terminal, or wide enough for tables if there is none."""
    from multibackend.report.console import make_console

    narrow = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return make_console(width=NARROW_COLUMNS if narrow else None)
