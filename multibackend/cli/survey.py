"""`multibackend list` and `multibackend doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from multibackend.cli.options import PYTHON_OPTION
from multibackend.cli.output import console, show


@click.command("list")
def list_experiments() -> None:
    """Show all experiments, with their titles."""
    from multibackend.experiments.catalogue import known_experiments

    experiments = known_experiments()
    width = max(map(len, experiments), default=0)
    for name, title in experiments.items():
        show(f"{name:<{width}}  {title}")


@click.command()
@click.option("--devices", is_flag=True, help="Start each backend, and show the device that it trains on (slow).")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True)
@PYTHON_OPTION
def doctor(devices: bool, output: Path, pythons: dict[str, str]) -> None:
    """Show what is installed and what is missing, and what to type to install it.

    Exits with 0 if at least one backend can train and the output folder can be written.
    """
    from multibackend.launch.doctor import examine, print_examination

    examination = examine(pythons, output, devices)
    print_examination(examination, console())
    sys.exit(int(not examination.can_train))
