"""Known divergences of the sweep: what Keras does differently where, each row measured, and strict both ways.

An entry of `known.toml` is a cause; its `shows` say on which cases, at which stage, in which way and how large.
What a row describes is excused; a row of which nothing is seen any more is stale, and fails.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from multibackend.compare.known import SIZE_FACTOR
from multibackend.compare.suspects import find_suspects
from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PRECISIONS
from multibackend.sweep.case import Case
from multibackend.sweep.cases import matches
from multibackend.sweep.judge import KINDS, Finding, Verdict

ERRATIC = "any"

KNOWN_FILE = Path(__file__).with_name("known.toml")


@dataclass(frozen=True)
class Show:
    """Where a cause shows: cases by a pattern, stage, kind of finding, precisions, and the backends that part.

    `size` is the largest relative difference measured; 0 where nothing is measured, as for a dtype. A `kind` of
    "any" is of what reads memory that isn't its own and so shows otherwise each time, whatever its stage and size.
    """

    cases: str
    stage: str
    kind: str
    precisions: tuple[str, ...]
    backends: tuple[str, ...]
    size: float


@dataclass(frozen=True)
class Known:
    """A known cause, with its reproduction and the address of an upstream report (empty: we found none)."""

    id: str
    title: str
    keras: SpecifierSet
    upstream: str
    reproduction: str
    shows: tuple[Show, ...]


@dataclass(frozen=True)
class Group:
    """The findings on one case in one precision at one stage of one kind, over pairs; `known` is what excuses them."""

    findings: tuple[Finding, ...]
    known: str = ""

    @property
    def first(self) -> Finding:
        """The one with the largest measured difference."""
        return max(self.findings, key=lambda finding: finding.measured or 0.0)

    @property
    def parts(self) -> tuple[str, ...]:
        """Who parts."""
        return find_suspects(finding.pair for finding in self.findings)


def load_known(path: Path = KNOWN_FILE) -> tuple[Known, ...]:
    """Read and check the file.

    Raises:
        MultibackendError: it can't be read, or an entry isn't well formed; names the entry and the key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MultibackendError(f"known divergences {path}: {error}; fix the file.") from error
    entries = tuple(
        _read(raw, f"known divergences {path}: entry {i + 1}") for i, raw in enumerate(table.get("divergence", []))
    )
    ids = [entry.id for entry in entries]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise MultibackendError(f"known divergences {path}: {twice[0]} is there twice; expected once. Rename one.")
    return entries


def _read(raw: Any, where: str) -> Known:
    values = _check(raw, Known, where)
    where = f"{where} ({values['id']})"
    try:
        values["keras"] = SpecifierSet(values["keras"])
    except InvalidSpecifier as error:
        raise MultibackendError(f"{where}: keras: {error}; expected a range such as '>=3.15,<3.16'.") from error
    shows = []
    for row in values["shows"]:
        show = _check(row, Show, f"{where}: shows")
        for key, allowed in (("kind", (*KINDS, ERRATIC)), ("precisions", PRECISIONS), ("backends", BACKENDS)):
            for value in [show[key]] if isinstance(show[key], str) else show[key]:
                if value not in allowed:
                    raise MultibackendError(f"{where}: {key} holds {value!r}; expected one of {', '.join(allowed)}.")
        lists = {key: tuple(show[key]) for key in ("precisions", "backends")}
        shows.append(Show(**{**show, **lists, "size": float(show["size"])}))
    return Known(**{**values, "shows": tuple(shows)})


def _check(raw: Any, kind: type, where: str) -> dict[str, Any]:
    expected = {f.name for f in dataclasses.fields(kind)}
    if not isinstance(raw, Mapping) or set(raw) != expected:
        got = ", ".join(sorted(raw)) if isinstance(raw, Mapping) else type(raw).__name__
        raise MultibackendError(f"{where}: its keys are {got}; expected {', '.join(sorted(expected))}.")
    return dict(raw)


def group(verdicts: Iterable[Verdict]) -> list[Group]:
    """Findings by case, precision, stage and kind."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            groups.setdefault((finding.case, finding.precision, finding.stage, finding.kind), []).append(finding)
    return [Group(tuple(findings)) for findings in groups.values()]


def apply_known(groups: Sequence[Group], entries: Sequence[Known], keras: str) -> list[Group]:
    """The same groups, each with the id of the first entry that describes it."""
    active = [entry for entry in entries if entry.keras.contains(keras, prereleases=True)]
    return [
        dataclasses.replace(one, known=next((e.id for e in active if any(_describes(s, one) for s in e.shows)), ""))
        for one in groups
    ]


def _describes(show: Show, one: Group) -> bool:
    finding = one.first
    measured = finding.measured or 0.0
    alike = (finding.stage, finding.kind) == (show.stage, show.kind) and measured <= SIZE_FACTOR * show.size
    return (
        (alike or show.kind == ERRATIC)
        and finding.precision in show.precisions
        and all(set(f.pair) & set(show.backends) for f in one.findings)
        and matches_whole(finding.case, show.cases)
    )


def matches_whole(name: str, pattern: str) -> bool:
    """Whether a case's name matches a pattern from its start."""
    return name == pattern or ("*" in pattern and matches(name, pattern) and name.startswith(pattern.split("*")[0]))


def find_stale(
    groups: Sequence[Group],
    entries: Sequence[Known],
    keras: str,
    ran: Sequence[Case],
    all_cases: Sequence[Case],
    backends: Sequence[str],
    precisions: Sequence[str],
) -> list[str]:
    """Rows of which nothing was seen, though everything that they speak of ran: a line each."""
    if set(backends) != set(BACKENDS):
        return []
    names, stale = {str(case) for case in ran}, []
    for entry in entries:
        if not entry.keras.contains(keras, prereleases=True):
            continue
        for show in entry.shows:
            concerned = {str(case) for case in all_cases if matches_whole(str(case), show.cases)}
            if not concerned <= names or not set(show.precisions) <= set(precisions):
                continue
            if not any(_describes(show, one) for one in groups):
                where = f"{show.cases}, {show.stage or 'call'}, {show.kind}"
                stale.append(
                    f"known divergence {entry.id} no longer occurs on {where}: remove that row from known.toml"
                )
    return stale
