"""The command line: measure, and write down what was measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks import SMALL, WORKLOADS
from benchmarks.processes import ask
from benchmarks.results import RESULTS, load_results, merge_entries
from multibackend.cli import Commands
from multibackend.cli.options import PYTHON_OPTION
from multibackend.engine.backend import Device
from multibackend.engine.backends import BACKENDS
from multibackend.launch.choosing import require

OUTPUT_OPTION = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    help="Where results lie.  [default: benchmarks/results]",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure multibackend's speed, and write benchmarks/RESULTS.md."""


@main.command()
@click.option(
    "--backend", "backends", type=click.Choice(BACKENDS), multiple=True, help="Repeat for each.  [default: all]"
)
@click.option(
    "--workload", "workloads", type=click.Choice(WORKLOADS), multiple=True, help="Repeat for each.  [default: all]"
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="[default: one for small workloads, else all cores]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@OUTPUT_OPTION
@PYTHON_OPTION
def engines(
    backends: tuple[str, ...],
    workloads: tuple[str, ...],
    rounds: int,
    threads: int | None,
    device: Device,
    output: Path,
    pythons: dict[str, str],
) -> None:
    """Time each backend's engine, Keras' fit and a loop by hand, one backend after another.

    An earlier result of the same workload and backend is replaced. Exits with 1 where a workload failed.
    """
    failed = False
    chosen = [backend for backend in BACKENDS if not backends or backend in backends]
    groups: dict[int, list[str]] = {}
    for name in WORKLOADS:
        if not workloads or name in workloads:
            count = threads or (1 if name in SMALL else os.cpu_count() or 1)
            groups.setdefault(count, []).append(name)
    for interpreter in require({backend: pythons[backend] for backend in chosen}):
        for count, names in groups.items():
            request = {"workloads": names, "rounds": rounds}
            entries = ask("benchmarks.engines", interpreter, device, count, request)
            path = merge_entries(output, "engines", interpreter.backend, entries)
            for name, entry in entries.items():
                click.echo(f"{interpreter.backend:<10} {name:<15} {_summarise(entry)}")
                failed |= "failed" in entry
        click.echo(str(path))
    sys.exit(int(failed))


def _summarise(entry: dict[str, Any]) -> str:
    if "median_epoch_seconds" not in entry:
        return f"NOT RUN: {entry['not_run']}" if "not_run" in entry else f"FAILED: {entry['failed']}"
    seconds = "  ".join(f"{way} {value:.4f} s" for way, value in entry["median_epoch_seconds"].items())
    ratios = "  ".join(f"{k} {r['median']:.2f} ({r['min']:.2f}-{r['max']:.2f})" for k, r in entry["ratios"].items())
    return f"{seconds}  {ratios}"


@main.command()
@OUTPUT_OPTION
def report(output: Path) -> None:
    """Render all results into benchmarks/RESULTS.md and a plot."""
    from benchmarks.report import write_report

    for path in write_report(load_results(output), output):
        click.echo(str(path))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
