"""`results.md`: one page for a CI job's summary. All that isn't a word of ours goes through `escape_markdown`."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from typing import Any

from multibackend.compare import PRECISIONS, Absence, Comparison, Finding
from multibackend.experiments.experiment import shorten_name
from multibackend.report.files import format_count, join_names
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
    """The text of `results.md`: verdicts, first failures, what was not run, known divergences, versions."""
    verdict = "passed" if comparison.passed else "FAILED"
    parts = [[f"# Parity: {verdict}", "", _describe_counts(comparison)], _list_table(comparison)]
    parts.append(_list_not_run(comparison.not_run))
    parts.append(_list_failures(comparison))
    parts.append(_list_notes(comparison))
    parts.append(_list_known(comparison))
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


def _list_table(comparison: Comparison) -> list[str]:
    lines = ["| experiment | parameters | float64: loss at any step | float64 | float32: loss at any step | float32 |"]
    lines.append("|---|---:|---|---|---|---|")
    for experiment in comparison.experiments:
        count = comparison.parameters.get(experiment, 0)
        cells = [escape_markdown(shorten_name(experiment)), format_count(count)]
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


def _list_not_run(absences: Iterable[Absence]) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for absence in absences:
        where = f"{absence.run.backend} {absence.run.precision}"
        runs = reasons.setdefault((absence.run.experiment, absence.reason), [])
        if where not in runs:
            runs.append(where)
    if not reasons:
        return []
    lines = ["## NOT RUN", "", "These say nothing about parity:", ""]
    for (experiment, reason), runs in reasons.items():
        where = escape_markdown(", ".join(runs))
        lines.append(f"- {_bold(shorten_name(experiment))} ({where}): {escape_markdown(reason)}")
    return lines


def _list_failures(comparison: Comparison) -> list[str]:
    lines = [f"- {escape_markdown(str(a.run))}, {a.kind}: {escape_markdown(a.reason)}" for a in comparison.failed]
    for experiment in comparison.experiments:
        for precision in PRECISIONS:
            for finding in comparison.first_failures(experiment, precision):
                if finding.status == "fail":
                    where = f"{shorten_name(experiment)}, {precision}, {'-'.join(finding.pair)}, {finding.stage}"
                    later = ", ".join(comparison.consequences(finding))
                    follows = f"; in consequence: {later}" if later else ""
                    lines.append(f"- {_bold(where)}: {escape_markdown(finding.detail)}{follows}")
            for origin in comparison.find_origins(experiment, precision):
                where = f"{shorten_name(experiment)}, {precision}, origin"
                lines.append(f"- {_bold(where)}: {escape_markdown(origin.sentence)}")
    return ["## First failures", "", *lines] if lines else []


def _list_notes(comparison: Comparison) -> list[str]:
    notes = comparison.group_notes().items()
    lines = [f"- **{escape_markdown(join_names(names))}**: {escape_markdown(text)}" for text, names in notes]
    return ["## Notes", "", "These fail nothing:", "", *lines] if lines else []


def _list_known(comparison: Comparison) -> list[str]:
    lines = [
        f"- {_bold(effect.id)} ({effect.state} in {escape_markdown(join_names(effect.experiments))}): "
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
    """An upstream report's address, which is a link; anything else is text."""
    return address if re.fullmatch(r"https://[\w./#?=-]+", address) else escape_markdown(address)
