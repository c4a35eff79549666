"""The report: everything measured, as one page, RESULTS.md, and its figures.

Each kind of measurement has a section: a function from the contents of its files, by backend, to Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import compare_records, figure, growth, speed
from benchmarks.results import Contents
from multibackend.files import write_whole

HERE = Path(__file__).resolve().parent

SECTIONS: dict[str, Callable[[Contents], str]] = {
    "engines": speed.render,
    "growth": growth.render,
    "compare": compare_records.render,
}
"""The sections in the page's order; a kind without results has none."""


def write_report(results: dict[str, Contents], folder: Path) -> list[Path]:
    """Write RESULTS.md beside the folder of results, and the figures into it; return the paths."""
    paths = [folder.parent / "RESULTS.md"]
    if "engines" in results:
        paths.append(folder / "engines.svg")
        figure.draw_ratios(results["engines"], paths[-1])
    write_whole(paths[0], format_page(results).encode())
    return paths


def format_page(results: dict[str, Contents]) -> str:
    """Write the text of RESULTS.md: a section for each kind, then what was measured by hand."""
    parts = ["# Measured\n\nWritten by `python -m benchmarks report` from the files in `results/` and `whole_runs.md`."]
    parts += [render(results[kind]).strip() for kind, render in SECTIONS.items() if kind in results]
    parts.append((HERE / "whole_runs.md").read_text(encoding="utf-8").strip())
    return "\n\n".join(parts) + "\n"
