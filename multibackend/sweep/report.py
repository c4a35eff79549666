"""The report: a sweep's findings by class and cause, as a table, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multibackend.report.console import plain
from multibackend.report.files import format_json, write_file
from multibackend.sweep.judge import Verdict
from multibackend.sweep.known import Group, Known
from multibackend.text import escape_markdown

if TYPE_CHECKING:
    from rich.console import Console

HEADINGS = ("name", "stage", "what", "who differs", "precisions", "cases", "largest", "known")

NEW = "NEW"


@dataclass(frozen=True)
class Sweep:
    """A whole sweep, judged."""

    verdicts: tuple[Verdict, ...]
    groups: tuple[Group, ...]
    stale: tuple[str, ...]
    known: tuple[Known, ...]
    packages: dict[str, dict[str, Any]]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of cases in a precision that ran, agree, differ, or are unsupported on all backends."""
        unsupported = sum(verdict.unsupported for verdict in self.verdicts)
        differing = sum(bool(verdict.findings) for verdict in self.verdicts)
        total = len(self.verdicts)
        return {"run": total, "agree": total - differing - unsupported, "differ": differing, "unsupported": unsupported}

    @property
    def passed(self) -> bool:
        """True if every finding is known, no known row is stale, and something was compared."""
        return self.counts["agree"] + self.counts["differ"] > 0 and not self.stale and all(g.known for g in self.groups)


@dataclass(frozen=True, order=True)
class RowKey:
    """The properties that the findings of one row share; unknown findings sort first, then by cause."""

    known: str
    name: str
    stage: str
    kind: str
    suspects: str


@dataclass(frozen=True)
class Row:
    """A row of the table: how many cases in which precisions, and the largest relative difference."""

    key: RowKey
    precisions: str
    cases: int
    largest: float | None

    def list_cells(self, known: str) -> list[str]:
        """Return the cells under `HEADINGS`, with what is to be shown as the cause."""
        key, largest = self.key, "" if self.largest is None else f"{self.largest:.1e}"
        return [key.name, key.stage, key.kind, key.suspects, self.precisions, str(self.cases), largest, known]


def list_rows(sweep: Sweep) -> list[Row]:
    """Make one row for each name, stage, kind, suspects and cause."""
    groups: dict[RowKey, list[Group]] = {}
    for one in sweep.groups:
        finding = one.first
        name = finding.case.split("(")[0]
        key = RowKey(one.known, name, finding.stage or "call", finding.kind, ", ".join(one.suspects))
        groups.setdefault(key, []).append(one)
    return [_make_row(key, groups[key]) for key in sorted(groups)]


def _make_row(key: RowKey, groups: Sequence[Group]) -> Row:
    precisions = sorted({one.first.precision.removeprefix("float") for one in groups})
    sizes = [one.first.measured for one in groups if one.first.measured is not None]
    return Row(key, " ".join(precisions), len({one.first.case for one in groups}), max(sizes, default=None))


def print_sweep(sweep: Sweep, console: Console) -> None:
    """Print the table, what is new in detail, what is stale, and the counts."""
    from rich.table import Table

    table = Table(title="Where backends differ", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("cases", "largest") else "left", overflow="fold")
    for row in list_rows(sweep):
        table.add_row(*map(plain, row.list_cells(row.key.known or NEW)))
    console.print(table)
    for line in list_news(sweep):
        console.print(plain(line), soft_wrap=True)
    console.print(plain(summarise(sweep)))


def list_news(sweep: Sweep) -> list[str]:
    """Write a line for each finding that no entry describes, and for each row that is stale."""
    news = []
    for one in sweep.groups:
        if not one.known:
            f = one.first
            size = "" if f.measured is None else f"{f.measured:.1e}, bound {f.bound:.1e}; "
            news.append(f"NEW: {f.case}, {f.precision}, {f.stage or 'call'}, {f.kind}: {size}{f.detail}")
    return news + [f"STALE: {line}" for line in sweep.stale]


def summarise(sweep: Sweep) -> str:
    """Write the counts in a line."""
    counts = sweep.counts
    new = sum(not one.known for one in sweep.groups)
    return (
        f"{counts['run']} cases and precisions: {counts['agree']} agree, {counts['differ']} differ, "
        f"{counts['unsupported']} unsupported on all backends; {new} findings are new, "
        f"{len(sweep.stale)} known rows no longer occur; "
        f"{sweep.seconds:.0f} s"
    )


def write_sweep(sweep: Sweep, output: Path) -> list[Path]:
    """Write `results.json` and `sweep.md`, each whole or not at all; return their paths.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    content = {
        "passed": sweep.passed,
        "counts": sweep.counts,
        "wall_seconds": round(sweep.seconds, 1),
        "packages": sweep.packages,
        "findings": [
            {**asdict(finding), "known": one.known, "suspects": one.suspects}
            for one in sweep.groups
            for finding in one.findings
        ],
        "unsupported": [{"case": v.case, "precision": v.precision} for v in sweep.verdicts if v.unsupported],
        "stale": sweep.stale,
    }
    paths = [output / "results.json", output / "sweep.md"]
    texts = (format_json(content), _markdown(sweep))
    return [write_file(path, text.encode()) for path, text in zip(paths, texts, strict=True)]


def _markdown(sweep: Sweep) -> str:
    lines = ["# Sweep of Keras", "", summarise(sweep) + ".", "", *_row(HEADINGS), "|" + "---|" * len(HEADINGS)]
    links = {entry.id: entry.reproduction for entry in sweep.known}
    for row in list_rows(sweep):
        known = row.key.known
        cause = f"{known} ({links[known]})" if known in links else known
        lines += _row(row.list_cells(cause or NEW))
    news = list_news(sweep)
    return (
        "\n".join(
            [*lines, *(["", "## New and stale", ""] if news else []), *(f"- {escape_markdown(line)}" for line in news)]
        )
        + "\n"
    )


def _row(cells: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(map(escape_markdown, cells)) + " |"]
