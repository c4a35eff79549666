"""The terminal: a table with a row for each experiment and precision, and below it remarks and failures.

Colour only repeats what the marks and words say.
"""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from multibackend.compare import PRECISIONS, Comparison, Finding
from multibackend.report.console import plain
from multibackend.report.files import format_count
from multibackend.report.names import Names, group_not_run, group_notes, name_experiments
from multibackend.text import sanitize

COLUMNS = ("initial outputs", "gradients", "first update", "step losses", "converged loss", "test metrics")
EXACT_STAGES = ("structure", "data", "initial weights")
STYLES = {
    "fail": "bold red",
    "consequence": "red",
    "not judged": "bold red",
    "drift": "cyan",
    "known": "yellow",
    "diverged as meant": "cyan",
    "not run": "dim",
}
UNICODE_MARKS = {
    "fail": "✗",
    "consequence": "↳",
    "not judged": "?",
    "known": "~",
    "drift": "≈",
    "diverged as meant": "↗",
    "not run": "-",
    "pass": "",
}
ASCII_MARKS = {**UNICODE_MARKS, "fail": "x", "consequence": ">", "drift": "=", "diverged as meant": "^"}
LEGEND = (
    "largest relative difference over all pairs; {fail} beyond its bound, {consequence} so in consequence, "
    "{not judged} no result, {known} known upstream, {drift} rounding that grew, {diverged as meant} diverges as meant"
)
LONGEST_NAME = 80
"""Characters of a name in the table: five lines of it."""
ORDER = ("fail", "consequence", "not judged", "known", "drift", "diverged as meant", "pass", "not run")
"""Worst first: a cell shows the worst of several pairs."""


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the table, then the trainings not run, remarks, known divergences, failures, and the verdict."""
    names = name_experiments(comparison)
    marks = UNICODE_MARKS if console.encoding.lower().startswith("utf") else ASCII_MARKS
    console.print(_build_table(comparison, names, marks))
    console.print(Text(LEGEND.format(**marks), style="dim"), soft_wrap=False)
    for title, style, lines in (
        ("NOT RUN (these say nothing about parity)", "bold magenta", _list_not_run(comparison, names)),
        ("Notes (these fail nothing)", "bold cyan", _list_notes(comparison, names)),
        ("Random data", "bold cyan", _list_drawn(comparison, names)),
        ("Known upstream", "bold yellow", _list_known(comparison, names)),
        ("FAILED", "bold red", _list_failed(comparison, names)),
    ):
        if lines:
            console.print()
            console.print(Text(title, style=style))
            for head, body in lines:
                console.print(Padding(plain(head, "bold"), (0, 0, 0, 2)))
                if body:
                    console.print(Padding(plain(body), (0, 0, 0, 4)))
    console.print()
    console.print(_build_verdict(comparison))


def _build_table(comparison: Comparison, names: Names, marks: dict[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("experiment", overflow="fold", min_width=16)
    table.add_column("float", no_wrap=True)
    table.add_column("param-\neters", justify="right", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column.replace(" ", "\n", 1), justify="right", no_wrap=True)
    table.add_column("verdict", min_width=14, overflow="fold")
    for experiment in comparison.experiments:
        shown = names.show(experiment)
        for precision in PRECISIONS:
            findings = comparison.select(experiment, precision)
            if not findings:
                continue
            cells = [_build_cell([f for f in findings if f.stage == column], marks) for column in COLUMNS]
            table.add_row(
                plain(shown, most=LONGEST_NAME),
                plain(precision.removeprefix("float")),
                _count_cell(comparison, experiment, findings, marks),
                *cells,
                _verdict_cell(findings, comparison.verdict(experiment, precision)),
            )
            shown = ""
    return table


def _count_cell(comparison: Comparison, experiment: str, findings: tuple[Finding, ...], marks: dict[str, str]) -> Text:
    """Show the number of parameters, marked where structure, data or initial weights aren't exactly the same."""
    status = _worst([finding for finding in findings if finding.stage in EXACT_STAGES]).status
    count = comparison.parameters.get(experiment, 0)
    shown = "" if status == "not run" else format_count(count)
    return Text(marks[status] + shown, style=STYLES.get(status, ""))


def _worst(findings: list[Finding]) -> Finding:
    return min(findings, key=lambda f: (ORDER.index(f.status), -(f.measured if f.measured is not None else -1.0)))


def _build_cell(findings: list[Finding], marks: dict[str, str]) -> Text:
    finding = _worst(findings)
    value = "" if finding.measured is None else "0" if finding.measured == 0 else f"{finding.measured:.0e}"
    return Text(marks[finding.status] + value, style=STYLES.get(finding.status, ""))


def _verdict_cell(findings: tuple[Finding, ...], verdict: str) -> Text:
    return plain(verdict, STYLES.get(_worst(list(findings)).status, "green"))


def _list_not_run(comparison: Comparison, names: Names) -> list[tuple[str, str]]:
    lines = []
    for one in group_not_run(comparison):
        name = names.show(one.experiment)
        lines.append((name if one.whole else f"{name}: {', '.join(one.runs)}", one.reason))
    return lines


def _list_notes(comparison: Comparison, names: Names) -> list[tuple[str, str]]:
    return [(about, sanitize(text)) for text, about in group_notes(comparison, names).items()]


def _list_drawn(comparison: Comparison, names: Names) -> list[tuple[str, str]]:
    return [(f"{names.show(name)}: {origin}", "") for name, origin in comparison.drawn.items()]


def _list_known(comparison: Comparison, names: Names) -> list[tuple[str, str]]:
    return [
        (f"{effect.id}: {effect.state} in {names.join(effect.experiments)}", effect.title)
        for effect in comparison.known
    ]


def _list_failed(comparison: Comparison, names: Names) -> list[tuple[str, str]]:
    lines = [(f"{names.show_run(absence.run)}: {absence.kind}", absence.reason) for absence in comparison.failed]
    for experiment in comparison.experiments:
        for precision in PRECISIONS:
            for finding in comparison.first_failures(experiment, precision):
                if finding.status == "fail":
                    where = f"{names.show(experiment)} {precision} {'-'.join(finding.pair)}: {finding.stage}"
                    later = comparison.consequences(finding)
                    lines.append((where, finding.detail + (f"; in consequence: {', '.join(later)}" if later else "")))
            for origin in comparison.find_origins(experiment, precision):
                lines.append((f"{names.show(experiment)} {precision}: origin", origin.sentence))
    return lines


def _build_verdict(comparison: Comparison) -> Text:
    experiments = comparison.experiments
    failed = [n for n in experiments if any(f.failed for f in comparison.select(n))]
    judged = [n for n in experiments if any(f.status not in ("not run", "not judged") for f in comparison.select(n))]
    not_run = [n for n in experiments if all(f.status == "not run" for f in comparison.select(n))]
    rest = f"; {len(not_run)} not run" if not_run else ""
    if comparison.passed:
        compared = "1 experiment" if len(judged) == 1 else f"{len(judged)} experiments"
        return Text(f"PASSED: {compared} compared, none differs{rest}", style="bold green")
    if not judged:
        return Text(f"FAILED: nothing was compared{rest}", style="bold red")
    return Text(f"FAILED: {len(failed)} of {len(experiments)} experiments{rest}", style="bold red")
