"""Known divergences of the sweep: where Keras differs between backends and why, each row measured, strict both ways.

An entry of `known.toml` is a cause; its `shows` say on which cases, at which stage, in which way and how large.
A row excuses what it describes; a row that no finding matches any more is stale, and fails.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from multibackend.compare.known import SIZE_FACTOR
from multibackend.compare.suspects import find_suspects
from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import Precision
from multibackend.sweep.case import Case
from multibackend.sweep.cases import matches
from multibackend.sweep.judge import KINDS, Finding, Verdict
from multibackend.typed import read_typed

ERRATIC = "any"

KNOWN_FILE = Path(__file__).with_name("known.toml")


class Show(Struct, frozen=True, forbid_unknown_fields=True):
    """A row: cases by a pattern, stage, kind of finding, precisions, and the backends that differ.

    `size` is the largest relative difference measured; 0 where nothing is measured, as for a dtype. A `kind` of
    "any" is for code that reads memory that isn't its own: it shows otherwise each time, at any stage and size.
    """

    cases: str
    stage: str
    kind: str
    precisions: tuple[Precision, ...]
    backends: tuple[str, ...]
    size: float

    def __post_init__(self) -> None:
        demand_known("kind", [self.kind], (*KINDS, ERRATIC))
        demand_known("backends", self.backends, BACKENDS)

    def describes(self, one: Group) -> bool:
        """Return whether it excuses these findings."""
        finding = one.first
        measured = finding.measured or 0.0
        alike = (finding.stage, finding.kind) == (self.stage, self.kind) and measured <= SIZE_FACTOR * self.size
        return (
            (alike or self.kind == ERRATIC)
            and finding.precision in self.precisions
            and all(set(f.pair) & set(self.backends) for f in one.findings)
            and matches_whole(finding.case, self.cases)
        )


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """A known cause: the versions of Keras that have it, its reproduction, the address of a report ("" for none)."""

    id: str
    title: str
    keras: str
    upstream: str
    reproduction: str
    shows: tuple[Show, ...]

    def __post_init__(self) -> None:
        try:
            SpecifierSet(self.keras)
        except InvalidSpecifier as error:
            raise ValueError(f"keras: {error}; expected a range such as '>=3.15,<3.16'") from error

    def concerns(self, keras: str) -> bool:
        """Return whether it is a cause in this version of Keras."""
        return SpecifierSet(self.keras).contains(keras, prereleases=True)


class KnownFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a `known.toml`."""

    divergence: tuple[Known, ...] = ()


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
    def suspects(self) -> tuple[str, ...]:
        """The backends that the differing pairs point at."""
        return find_suspects(finding.pair for finding in self.findings)


def demand_known(key: str, values: Iterable[str], allowed: Sequence[str]) -> None:
    """Check that a row holds names that exist.

    Raises:
        ValueError: one doesn't.
    """
    for value in values:
        if value not in allowed:
            raise ValueError(f"{key} holds {value!r}; expected one of {', '.join(allowed)}")


def load_known(path: Path = KNOWN_FILE) -> tuple[Known, ...]:
    """Read and check a file of known divergences.

    Raises:
        MultibackendError: it can't be read, or an entry isn't well formed; names the entry and the key.
    """
    entries = read_typed(path, KnownFile, "known divergences").divergence
    ids = [entry.id for entry in entries]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise MultibackendError(f"known divergences {path}: {twice[0]} is there twice; expected once. Rename one.")
    return entries


def group(verdicts: Iterable[Verdict]) -> list[Group]:
    """Group findings by case, precision, stage and kind."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            groups.setdefault((finding.case, finding.precision, finding.stage, finding.kind), []).append(finding)
    return [Group(tuple(findings)) for findings in groups.values()]


def apply_known(groups: Sequence[Group], entries: Sequence[Known], keras: str) -> list[Group]:
    """Return the same groups, each with the id of the first entry that describes it."""
    active = [entry for entry in entries if entry.concerns(keras)]
    return [
        dataclasses.replace(one, known=next((e.id for e in active if any(s.describes(one) for s in e.shows)), ""))
        for one in groups
    ]


def matches_whole(name: str, pattern: str) -> bool:
    """Return whether a case's name matches a pattern from its start."""
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
    """Describe each row that no finding matches although everything that it names ran."""
    if set(backends) != set(BACKENDS):
        return []
    names, stale = {str(case) for case in ran}, []
    for entry in entries:
        for show in entry.shows if entry.concerns(keras) else ():
            concerned = {str(case) for case in all_cases if matches_whole(str(case), show.cases)}
            if not concerned <= names or not set(show.precisions) <= set(precisions):
                continue
            if not any(show.describes(one) for one in groups):
                where = f"{show.cases}, {show.stage or 'call'}, {show.kind}"
                stale.append(
                    f"known divergence {entry.id} no longer occurs on {where}: remove that row from known.toml"
                )
    return stale
