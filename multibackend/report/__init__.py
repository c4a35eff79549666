"""Reports: findings shown in the terminal, to CI services, to other programs, and as figures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from multibackend.compare import Comparison, gather_ensembles
from multibackend.records.record import Record
from multibackend.report.figures import draw_figures, draw_losses
from multibackend.report.files import write_file
from multibackend.report.junit import format_junit
from multibackend.report.markdown import format_markdown
from multibackend.report.results import RESULTS_SCHEMA_VERSION, build_results, format_results
from multibackend.report.terminal import print_comparison


def write_results(comparison: Comparison, records: Iterable[Record], folder: Path) -> list[Path]:
    """Write results.json, junit.xml, results.md and figures/EXPERIMENT.png, each whole; return their paths.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    texts = {
        "results.json": format_results(comparison),
        "junit.xml": format_junit(comparison),
        "results.md": format_markdown(comparison),
    }
    paths = [write_file(folder / name, text.encode()) for name, text in texts.items()]
    shown = set(comparison.experiments)
    ensembles = [e for e in gather_ensembles(records).values() if e.experiment in shown and e.base]
    return paths + draw_figures(ensembles, comparison, folder / "figures")


__all__ = [
    "RESULTS_SCHEMA_VERSION",
    "build_results",
    "draw_losses",
    "format_junit",
    "format_markdown",
    "format_results",
    "print_comparison",
    "write_results",
]
