"""The comparison: everything found in some records, and the questions that reports ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from multibackend.compare.findings import STAGES, Absence, Finding, KnownEffect, Note, Origin
from multibackend.compare.participants import sort_participants
from multibackend.compare.suspects import describe_suspects, find_suspects, join_words
from multibackend.experiments.choices import Precision


@dataclass(frozen=True)
class Comparison:
    """Everything found.

    `parameters` holds each model's number of parameters, and `environments` one row for each backend and environment
    met. `drawn` says what the data are, for experiments without data of their own. `notes` are remarks beside the
    verdicts.
    """

    findings: tuple[Finding, ...]
    failed: tuple[Absence, ...] = ()
    not_run: tuple[Absence, ...] = ()
    known: tuple[KnownEffect, ...] = ()
    origins: tuple[Origin, ...] = ()
    parameters: dict[str, int] = field(default_factory=dict)
    environments: tuple[dict[str, Any], ...] = ()
    drawn: dict[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def judged(self) -> bool:
        """True if any stage could be judged at all."""
        return any(f.status not in ("not judged", "not run") for f in self.findings)

    @property
    def passed(self) -> bool:
        """True if nothing failed and something was compared: an empty comparison proves nothing."""
        return self.judged and not self.failed and not any(finding.failed for finding in self.findings)

    @property
    def experiments(self) -> tuple[str, ...]:
        """The names, in the order in which they were compared."""
        return tuple(self._by_experiment)

    @property
    def participants(self) -> tuple[str, ...]:
        """All participants of any experiment, in the order of every table."""
        return sort_participants(name for finding in self.findings for name in finding.pair)

    @cached_property
    def _by_experiment(self) -> dict[str, list[Finding]]:
        """The findings of each experiment: a question about one must not read the findings of all."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.experiment, []).append(finding)
        return found

    def select(self, experiment: str, precision: str = "", stage: str = "") -> tuple[Finding, ...]:
        """Select the findings of an experiment, and of one precision and stage where these are named."""
        return tuple(
            finding
            for finding in self._by_experiment.get(experiment, ())
            if precision in ("", finding.precision) and stage in ("", finding.stage)
        )

    def restrict(self, experiments: Sequence[str]) -> Comparison:
        """Keep what is of these experiments alone; known divergences and environments stay."""
        return replace(
            self,
            findings=tuple(finding for finding in self.findings if finding.experiment in experiments),
            failed=tuple(absence for absence in self.failed if absence.run.experiment in experiments),
            not_run=tuple(absence for absence in self.not_run if absence.run.experiment in experiments),
            parameters={name: count for name, count in self.parameters.items() if name in experiments},
            origins=tuple(origin for origin in self.origins if origin.experiment in experiments),
            drawn={name: origin for name, origin in self.drawn.items() if name in experiments},
            notes=tuple(note for note in self.notes if note.experiment in experiments),
        )

    def first_failures(self, experiment: str, precision: Precision) -> tuple[Finding, ...]:
        """List the failures of the first failing stage in causal order, one for each pair that fails there."""
        failures = [finding for finding in self.select(experiment, precision) if finding.failed]
        first = min((STAGES.index(finding.stage) for finding in failures), default=-1)
        return tuple(finding for finding in failures if STAGES.index(finding.stage) == first)

    def find_suspects(self, experiment: str, precision: Precision) -> tuple[str, ...]:
        """Find the participants that differ at the first failing stage: see `suspects.find_suspects`."""
        failures = self.first_failures(experiment, precision)
        return find_suspects(finding.pair for finding in failures if finding.status != "not judged")

    def find_origins(self, experiment: str, precision: Precision) -> tuple[Origin, ...]:
        """Find where the first failure of an experiment in a precision starts, if that was looked for."""
        return tuple(o for o in self.origins if (o.experiment, o.precision) == (experiment, precision))

    def consequences(self, finding: Finding) -> tuple[str, ...]:
        """List the later stages at which the same pair differs in consequence of a failure."""
        later = self.select(finding.experiment, finding.precision)
        return tuple(f.stage for f in later if f.pair == finding.pair and f.status == "consequence")

    def verdict(self, experiment: str, precision: Precision) -> str:
        """Say who differs, and at which stage; or `known`, `diverged as meant`, `drift`, `same`, `not run`.

        `same, untrained` is said where no pair could train: one of the two only calls models.
        """
        findings = self.select(experiment, precision)
        failures = self.first_failures(experiment, precision)
        if failures and all(finding.status == "not judged" for finding in failures):
            absent = [
                a.run.backend for a in self.failed if (a.run.experiment, a.run.precision) == (experiment, precision)
            ]
            return f"no result from {join_words(list(dict.fromkeys(absent)))}"
        if failures:
            participants = {name for finding in findings for name in finding.pair}
            suspects = self.find_suspects(experiment, precision)
            return f"{describe_suspects(suspects, participants)} at {failures[0].stage}"
        met = {finding.status for finding in findings}
        for status in ("known", "diverged as meant", "drift"):
            if status in met:
                return status
        if "pass" not in met:
            return "not run"
        trained = any(finding.stage == "step losses" and finding.status != "not run" for finding in findings)
        return "same" if trained else "same, untrained"
