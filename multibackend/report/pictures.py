"""Pictures: the figure of each experiment as a file; where there are many, several processes draw them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from multibackend.compare import PRECISIONS, Comparison, Ensemble
from multibackend.experiments.experiment import name_file
from multibackend.report.figures import draw_losses
from multibackend.report.files import write_file
from multibackend.text import tell_apart

MOST_PROCESSES = 4
"""Each takes 100 MB."""

FIGURES_EACH = 10
"""What a process must have to draw for its start (1 s) to pay: a figure takes 0.2 s."""


def draw_pictures(ensembles: Sequence[Ensemble], comparison: Comparison, folder: Path) -> list[Path]:
    """Write `EXPERIMENT.png` for each experiment, each whole; return their paths.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    verdicts = [{p: comparison.verdict(e.experiment, p) for p in PRECISIONS} for e in ensembles]
    names = tell_apart([ensemble.experiment for ensemble in ensembles], name_file)
    paths = [folder / f"{names[ensemble.experiment]}.png" for ensemble in ensembles]
    processes = min(MOST_PROCESSES, os.cpu_count() or 1, len(ensembles) // FIGURES_EACH)
    if processes < 2:
        return list(map(_draw, ensembles, verdicts, paths))
    with open_pool(processes) as pool:
        return list(pool.map(_draw, ensembles, verdicts, paths))


@contextmanager
def open_pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that take no module from the working folder, which may hold records from elsewhere."""
    # Not by fork: this process may hold threads, of a BLAS or of a display.
    context = multiprocessing.get_context("spawn")
    with (
        patch.dict(os.environ, {"PYTHONSAFEPATH": "1"}),
        ProcessPoolExecutor(processes, context, initializer=_leave_interruption_to_parent) as pool,
    ):
        yield pool


def _leave_interruption_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw(ensemble: Ensemble, verdicts: dict[str, str], path: Path) -> Path:
    return write_file(path, draw_losses(ensemble, verdicts))
