"""Progress: each backend's run, live in a terminal; elsewhere one plain line for each run that ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from multibackend.experiments.experiment import shorten_name
from multibackend.records.record import Run
from multibackend.report.console import plain
from multibackend.text import LONGEST_DETAIL, sanitize

BAR_WIDTH = 16
REFRESHES_PER_SECOND = 4


@dataclass
class _Row:
    """One backend's line of the display."""

    total: int
    done: int = 0
    failed: int = 0
    run: Run | None = None
    device: str = ""
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0


class Progress:
    """A context in which runs are shown as they go on; `totals` holds each backend's number of runs."""

    def __init__(self, console: Console, totals: Mapping[str, int]) -> None:
        self._console = console
        self._rows = {backend: _Row(total) for backend, total in totals.items()}
        self._live: Live | None = None
        self._noted: set[str] = set()
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(
                console=console,
                get_renderable=self._table,
                refresh_per_second=REFRESHES_PER_SECOND,
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def ready(self, backend: str, device: str) -> None:
        """Show that a backend's worker has started."""
        self._rows[backend].device = device

    def start(self, run: Run) -> None:
        """Show that a run begins."""
        row = self._rows[run.backend]
        row.run, row.epoch, row.epochs, row.loss = run, 0, 0, None

    def epoch(self, run: Run, epoch: int, epochs: int, loss: float | None) -> None:
        """Show that `epoch` epochs of a run are trained; `loss` is that of the last one."""
        row = self._rows[run.backend]
        row.epoch, row.epochs, row.loss = epoch, epochs, loss

    def done(self, run: Run, status: str, reason: str, wall_seconds: float, kept: bool) -> None:
        """Show that a run ended; in a terminal only a run that didn't finish leaves a line."""
        row = self._rows[run.backend]
        row.done += 1
        row.failed += status == "failed"
        row.run = None
        if row.done == row.total:
            row.ended = time.monotonic()
        if self._live is None or status != "finished":
            self._print(run, status, reason, wall_seconds, kept)

    def note(self, run: Run, notes: Sequence[str]) -> None:
        """Show notes on an experiment's data; each line once, not for each backend."""
        for note in notes:
            line = f"note: {shorten_name(run.experiment)}: {note}"
            if line not in self._noted:
                self._noted.add(line)
                self._console.print(Text(line), soft_wrap=True)

    def _print(self, run: Run, status: str, reason: str, wall_seconds: float, kept: bool) -> None:
        shown = "kept" if kept else status
        seconds = "" if kept else f"  {wall_seconds:.1f} s"
        because = f"  {sanitize(reason, LONGEST_DETAIL)}" if reason else ""
        line = Text(f"{run.backend:<10}  {sanitize(describe(run))}  {shown}{seconds}{because}")
        line.stylize({"failed": "red", "not-run": "yellow"}.get(shown, ""))
        self._console.print(line, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, header_style="dim", expand=True, pad_edge=False)
        table.add_column("backend", no_wrap=True)
        table.add_column("training", no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column("epochs", width=BAR_WIDTH)
        table.add_column("", no_wrap=True, justify="right", min_width=5)
        table.add_column("loss", no_wrap=True, justify="right", min_width=9)
        table.add_column("done", no_wrap=True, justify="right")
        table.add_column("time", no_wrap=True, justify="right", min_width=5)
        for backend, row in self._rows.items():
            bar = ProgressBar(total=row.epochs or 1, completed=row.epoch, width=BAR_WIDTH) if row.run else ""
            epochs = f"{row.epoch}/{row.epochs}" if row.run and row.epochs else ""
            loss = f"{row.loss:.4g}" if row.run and row.loss is not None else ""
            done = Text(f"{row.done}/{row.total}")
            if row.failed:
                done.append(f" {row.failed} failed", "red")
            elapsed = (row.ended or time.monotonic()) - row.started
            table.add_row(Text(backend, "bold"), _doing(row), bar, epochs, loss, done, _clock(elapsed))
        return table


def _doing(row: _Row) -> Text:
    if row.run is not None:
        return plain(describe(row.run))
    if row.ended:
        return Text("all done", "green" if not row.failed else "red")
    return Text("between two runs" if row.device else "starting", "dim")


def describe(run: Run) -> str:
    """Describe a run without its backend, which stands beside it."""
    suffix = f" perturbed {run.perturbation}" if run.perturbation else ""
    suffix += f" {run.task}" if run.task != "training" else ""
    suffix += f" seed {run.seed}" if run.seed else ""
    return f"{shorten_name(run.experiment)} {run.precision}{suffix}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
