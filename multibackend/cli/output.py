"""Output: what every command says the same way, lines on standard error and tables as wide as there is room."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

NARROW_COLUMNS = 120
"""Width of tables where there is no terminal to fit, such as the log of a CI job."""


def say(line: str) -> None:
    """Print a line on standard error, where results are not."""
    click.echo(f"multibackend: {line}", err=True)


def say_error(message: str) -> None:
    """Print a message on standard error, each of its lines marked as an error."""
    for line in message.splitlines():
        say(f"error: {line}")


def console() -> Console:
    """A console as wide as the terminal, or wide enough for tables where there is none."""
    from rich.console import Console

    narrow = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=NARROW_COLUMNS if narrow else None, highlight=False)
