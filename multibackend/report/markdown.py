"""`results.md`: one page for a CI job's summary. Every word that isn't ours goes through `escape_markdown`."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from typing import Any

from multibackend.compare import PRECISIONS, Comparison, Finding
from multibackend.report.files import format_count
from multibackend.report.names import Names, group_not_run, group_notes, name_experiments
from multibackend.text import code_markdown, escape_markdown

MARKS = {
    "pass": "",
    "drift": " (drift)",
    "known": " (known)",
    "diverged as meant": "",
    "fail": " **differs**",
    "consequence": " **differs**",
}


def format_markdown(comparison: Comparison) -> str:
    """Format `results.md`: verdicts, first failures, trainings not run, known divergences, versions."""
    names = name_experiments(comparison)
    verdict = "passed" if comparison.passed else "FAILED"
    parts = [[f"# Parity: {verdict}", "", _describe_counts(comparison)], _list_table(comparison, names)]
    parts.append(_list_not_run(comparison, names))
    parts.append(_list_failures(comparison, names))
    parts.append(_list_notes(comparison, names))
    parts.append(_list_known(comparison, names))
    parts.append(_list_environments(comparison.environments))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _describe_counts(comparison: Comparison) -> str:
    compared = [n for n in comparison.experiments if any(f.status != "not run" for f in comparison.select(n))]
    counts = {
        "experiments compared": len(compared),
        "not run": len(comparison.experiments) - len(compared),
        "stages judged": sum(f.status not in ("not run", "not judged") for f in comparison.findings),
        "failing": sum(finding.failed for finding in comparison.findings),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + "."


def _list_table(comparison: Comparison, names: Names) -> list[str]:
    lines = ["| experiment | parameters | float64: loss at any step | float64 | float32: loss at any step | float32 |"]
    lines.append("|---|---:|---|---|---|---|")
    for experiment in comparison.experiments:
        count = comparison.parameters.get(experiment, 0)
        cells = [escape_markdown(names.show(experiment)), format_count(count)]
        for precision in PRECISIONS:
            findings = comparison.select(experiment, precision)
            cells.append("<br>".join(_describe_pair(f) for f in findings if f.stage == "step losses"))
            cells.append(escape_markdown(comparison.verdict(experiment, precision)) if findings else "")
        lines.append("| " + " | ".join(cells) + " |")
    return [
        "Largest relative difference of the loss at any step, pair by pair; then the verdict over all stages.",
        "",
        *lines,
    ]


def _describe_pair(finding: Finding) -> str:
    measured = finding.status if finding.measured is None else f"{finding.measured:.1e}"
    mark = MARKS.get(finding.status, "") if finding.measured is not None else ""
    return f"{escape_markdown('-'.join(finding.pair))} {measured}{mark}"


def _list_not_run(comparison: Comparison, names: Names) -> list[str]:
    lines = [
        f"- {_bold(names.show(one.experiment))} ({escape_markdown(', '.join(one.runs))}): {escape_markdown(one.reason)}"
        for one in group_not_run(comparison)
    ]
    return ["## NOT RUN", "", "These say nothing about parity:", "", *lines] if lines else []


def _list_failures(comparison: Comparison, names: Names) -> list[str]:
    lines = [
        f"- {escape_markdown(names.show_run(a.run))}, {a.kind}: {escape_markdown(a.reason)}" for a in comparison.failed
    ]
    for experiment in comparison.experiments:
        for precision in PRECISIONS:
            for finding in comparison.first_failures(experiment, precision):
                if finding.status == "fail":
                    where = f"{names.show(experiment)}, {precision}, {'-'.join(finding.pair)}, {finding.stage}"
                    later = ", ".join(comparison.consequences(finding))
                    follows = f"; in consequence: {later}" if later else ""
                    lines.append(f"- {_bold(where)}: {escape_markdown(finding.detail)}{follows}")
            for origin in comparison.find_origins(experiment, precision):
                where = f"{names.show(experiment)}, {precision}, origin"
                lines.append(f"- {_bold(where)}: {escape_markdown(origin.sentence)}")
    return ["## First failures", "", *lines] if lines else []


def _list_notes(comparison: Comparison, names: Names) -> list[str]:
    notes = group_notes(comparison, names).items()
    lines = [f"- **{escape_markdown(about)}**: {escape_markdown(text)}" for text, about in notes]
    return ["## Notes", "", "These fail nothing:", "", *lines] if lines else []


def _list_known(comparison: Comparison, names: Names) -> list[str]:
    lines = [
        f"- {_bold(effect.id)} ({effect.state} in {escape_markdown(names.join(effect.experiments))}): "
        f"{escape_markdown(effect.title)}. Cause: {escape_markdown(effect.cause)} Upstream: {_link(effect.upstream)}. "
        f"Reproduction: {code_markdown(effect.reproduction)}."
        for effect in comparison.known
    ]
    return ["## Known upstream divergences", "", *lines] if lines else []


def _list_environments(environments: Iterable[dict[str, Any]]) -> list[str]:
    lines = []
    for row in environments:
        packages = row.get("packages", {})
        named = packages if isinstance(packages, dict) else {}
        versions = ", ".join(f"{name} {version}" for name, version in named.items()) or "unknown"
        rest = [
            f"{k}: {v}" for k, v in row.items() if k not in ("backend", "packages") and isinstance(v, (str, int, float))
        ]
        lines.append(f"- {_bold(str(row.get('backend')))}: {escape_markdown('; '.join([versions, *rest]))}")
    return ["## Versions", "", *lines, f"- compared with Python {platform.python_version()}"] if lines else []


def _bold(text: str) -> str:
    return f"**{escape_markdown(text) or '(no name)'}**"


def _link(address: str) -> str:
    """Show an upstream report's address as a link, and anything else as text."""
    return address if re.fullmatch(r"https://[\w./#?=-]+", address) else escape_markdown(address)
