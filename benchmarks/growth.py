"""Growth: the cost of training over rows, epochs, steps, parameters, layers, and whole experiments.

`python -m benchmarks.growth` times each backend's engine at several sizes and fits a line to each series: a constant, a
cost for each unit, and the largest distance of a measured cost from the line. Compiling is counted separately.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from rich.console import Console

from benchmarks.lines import fit_line, format_table
from benchmarks.processes import ask
from benchmarks.results import RESULTS, Contents, load_results, merge_entries
from multibackend.cli.options import PYTHON_OPTION
from multibackend.engine.backends import BACKENDS
from multibackend.launch.choosing import require
from multibackend.launch.loop import launch
from multibackend.launch.pool import Pool
from multibackend.launch.probing import Interpreter
from multibackend.launch.progress import Progress
from multibackend.launch.request import Request
from multibackend.launch.settings import Settings
from multibackend.records.record import Run, load_record

AXES = {
    "rows": "row",
    "epochs": "epoch",
    "batch_size": "step",
    "width": "parameter",
    "depth": "hidden layer",
    "experiments": "experiment",
}
"""Each thing that grows, and the unit in which its cost is a line: a smaller batch means more steps."""

EXPERIMENTS = (1, 2, 4, 8, 16)

METHOD = """\
A dense network on 6,400 rows of 64 numbers, two hidden layers of 128, batches of 64, 2 epochs, but for what grows;
float32, one thread, the fastest of several rounds; of experiments the whole worker, from its start to its end. A line
is fitted to the costs by relative error; the residual is the largest distance from it, as a share of the cost measured
there."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--backend", "backends", type=click.Choice(BACKENDS), multiple=True, help="Repeat.  [default: all]")
@click.option("--axis", "axes", type=click.Choice(list(AXES)), multiple=True, help="Repeat.  [default: all]")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=RESULTS)
@PYTHON_OPTION
def main(backends: tuple[str, ...], axes: tuple[str, ...], rounds: int, output: Path, pythons: dict[str, str]) -> None:
    """Measure, one backend after another on one thread, and write growth-BACKEND.json."""
    chosen = list(axes or AXES)
    trainings = [axis for axis in chosen if axis != "experiments"]
    for interpreter in require({backend: pythons[backend] for backend in backends or BACKENDS}):
        request = {"axes": trainings, "rounds": rounds}
        entries = ask("benchmarks.growth_trainings", interpreter, "cpu", 1, request) if trainings else {}
        if "experiments" in chosen:
            entries["experiments"] = measure_experiments(interpreter)
        for axis, entry in entries.items():
            entry["unit"] = AXES[axis]
            entry["line"] = fit_line(list_units(axis, entry), [point["seconds"] for point in entry["points"]])
        click.echo(str(merge_entries(output, "growth", interpreter.backend, entries)))
    click.echo(render(load_results(output)["growth"]))


def measure_experiments(interpreter: Interpreter) -> dict[str, Any]:
    """Time a worker from its start to its end, for several numbers of experiments with all their records."""
    points = [run_worker(interpreter, n) for n in EXPERIMENTS]
    peaks = [point["peak_bytes"] for point in points]
    return {"sizes": EXPERIMENTS, "points": points, "memory_line": fit_line(EXPERIMENTS, peaks)}


def run_worker(interpreter: Interpreter, experiments: int) -> dict[str, float]:
    """Train each experiment once on one backend; return the seconds of `launch` and the worker's peak in bytes."""
    names = [f"{Path(__file__).with_name('growth_trainings.py')}:e{i + 1}" for i in range(experiments)]
    backend = interpreter.backend
    runs = tuple(Run(name, backend, "float32", "quick", 0) for name in names)
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(Console(stderr=True, quiet=True), {backend: len(runs)}) as progress,
        patch.dict(os.environ, MULTIBACKEND_CACHE=folder),  # nothing is compiled before
    ):
        request = Request(backend, interpreter.python, Settings(device="cpu"), "", Path(folder), runs)
        start = time.perf_counter()
        with Pool() as pool:
            outcomes = launch([request], progress, 300.0, pool)
        seconds = time.perf_counter() - start
        problems = [outcome.reason for outcome in outcomes if outcome.status != "finished"]
        if problems:
            raise SystemExit(f"benchmarks.growth: {backend}: {problems[0]}")
        return {"seconds": seconds, "peak_bytes": load_record(request.records(runs[-1]) / runs[-1].folder).peak_bytes}


def list_units(axis: str, entry: dict[str, Any]) -> list[float]:
    """List the size of each point in the axis' unit."""
    per = {"batch_size": "steps", "width": "parameters"}.get(axis)
    return [point[per] for point in entry["points"]] if per else list(entry["sizes"])


def render(contents: Contents) -> str:
    """Write the section's Markdown, from the contents of `growth-<backend>.json`."""
    rows = [
        [f"{axis.replace('_', ' ')}, {backend}", *_cells(axis, unit, contents[backend]["entries"][axis])]
        for axis, unit in AXES.items()
        for backend in BACKENDS
        if axis in contents.get(backend, {}).get("entries", {})
    ]
    header = [
        "what grows",
        "from, to",
        "seconds",
        "constant",
        "for each unit",
        "largest residual",
        "compiling, seconds",
    ]
    return "\n\n".join(["## Growth", METHOD, format_table(header, rows), *_describe_memory(contents)]) + "\n"


def _describe_memory(contents: Contents) -> list[str]:
    lines = {
        backend: content["entries"]["experiments"]["memory_line"]
        for backend, content in contents.items()
        if "memory_line" in content["entries"].get("experiments", {})
    }
    parts = [
        f"{backend} {line['constant'] / 1e6:.0f} MB and {line['slope'] / 1e6:.1f} MB an experiment "
        f"(within {line['largest_residual']:.0%})"
        for backend, line in lines.items()
    ]
    return [f"Peak of a worker's memory, whose experiments are small: {'; '.join(parts)}."] if parts else []


def _cells(axis: str, unit: str, entry: dict[str, Any]) -> list[str]:
    seconds = [point["seconds"] for point in entry["points"]]
    compiling = [point["compile_seconds"] for point in entry["points"] if "compile_seconds" in point]
    units, line = list_units(axis, entry), entry["line"]
    return [
        f"{units[0]:,} to {units[-1]:,} {unit}s",
        f"{seconds[0]:.3f} to {seconds[-1]:.3f}",
        _in_scale(line["constant"]),
        f"{_in_scale(line['slope'])} {'an' if unit[0] in 'aeiou' else 'a'} {unit}",
        f"{line['largest_residual']:.0%}",
        f"{compiling[0]:.2f} to {compiling[-1]:.2f}" if compiling else "included",
    ]


def _in_scale(seconds: float) -> str:
    """Write seconds with three digits, in s, ms or µs."""
    seconds = float(f"{seconds:.3g}")
    factor, unit = next(((f, u) for f, u in ((1, "s"), (1e3, "ms")) if abs(seconds) * f >= 1), (1e6, "µs"))
    return f"{seconds * factor:.3g} {unit}"


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.growth")
