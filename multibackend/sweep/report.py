"""Reports: a sweep's findings by class and cause, as a table, Markdown and JSON."""

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

HEADINGS = ("name", "stage", "what", "who parts", "precisions", "cases", "largest", "known")


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
        """How many cases in a precision ran, agree, part, or are unsupported on all backends."""
        unsupported = sum(verdict.unsupported for verdict in self.verdicts)
        parting = sum(bool(verdict.findings) for verdict in self.verdicts)
        total = len(self.verdicts)
        return {"run": total, "agree": total - parting - unsupported, "part": parting, "unsupported": unsupported}

    @property
    def passed(self) -> bool:
        """Every finding known, none of the known gone, and something compared."""
        return self.counts["agree"] + self.counts["part"] > 0 and not self.stale and all(g.known for g in self.groups)


def list_rows(sweep: Sweep) -> list[tuple[str, ...]]:
    """One row for each name, stage, kind, who parts and cause: unknown ones first, then by cause."""
    rows: dict[tuple[str, ...], list[Group]] = {}
    for one in sweep.groups:
        finding = one.first
        key = (one.known, finding.case.split("(")[0], finding.stage or "call", finding.kind, ", ".join(one.parts))
        rows.setdefault(key, []).append(one)
    listed: list[tuple[str, ...]] = []
    for (known, name, stage, kind, who), groups in sorted(rows.items()):
        precisions = " ".join(sorted({g.first.precision.removeprefix("float") for g in groups}))
        sizes = [g.first.measured for g in groups if g.first.measured is not None]
        cases = len({g.first.case for g in groups})
        largest = f"{max(sizes):.1e}" if sizes else ""
        listed.append((name, stage, kind, who, precisions, str(cases), largest, known or "NEW"))
    return listed


def print_sweep(sweep: Sweep, console: Console) -> None:
    """The table, what is new in detail, what is stale, and the counts."""
    from rich.table import Table

    table = Table(title="Where backends part", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("cases", "largest") else "left", overflow="fold")
    for row in list_rows(sweep):
        table.add_row(*map(plain, row))
    console.print(table)
    for line in list_news(sweep):
        console.print(plain(line), soft_wrap=True)
    console.print(plain(summarise(sweep)))


def list_news(sweep: Sweep) -> list[str]:
    """A line for each finding that no entry describes, and for each row that is stale."""
    news = []
    for one in sweep.groups:
        if not one.known:
            f = one.first
            size = "" if f.measured is None else f"{f.measured:.1e}, bound {f.bound:.1e}; "
            news.append(f"NEW: {f.case}, {f.precision}, {f.stage or 'call'}, {f.kind}: {size}{f.detail}")
    return news + [f"STALE: {line}" for line in sweep.stale]


def summarise(sweep: Sweep) -> str:
    """The counts in a line."""
    counts = sweep.counts
    new = sum(not one.known for one in sweep.groups)
    return (
        f"{counts['run']} cases and precisions: {counts['agree']} agree, {counts['part']} part, "
        f"{counts['unsupported']} unsupported on all backends; {new} findings are new, "
        f"{len(sweep.stale)} known rows no longer occur; "
        f"{sweep.seconds:.0f} s"
    )


def write_sweep(sweep: Sweep, output: Path) -> list[Path]:
    """Write `results.json` and `sweep.md`.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    content = {
        "passed": sweep.passed,
        "counts": sweep.counts,
        "wall_seconds": round(sweep.seconds, 1),
        "packages": sweep.packages,
        "findings": [
            {**asdict(finding), "known": one.known, "parts": one.parts}
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
    for *cells, known in list_rows(sweep):
        lines += _row((*cells, f"{known} ({links[known]})" if known in links else known))
    news = list_news(sweep)
    return (
        "\n".join(
            [*lines, *(["", "## New and stale", ""] if news else []), *(f"- {escape_markdown(line)}" for line in news)]
        )
        + "\n"
    )


def _row(cells: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(map(escape_markdown, cells)) + " |"]
