"""Findings: what a comparison says, one stage of one pair of backends at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

from multibackend.compare.suspects import Pair, describe_suspects, find_suspects, join_words
from multibackend.experiments.experiment import shorten_name
from multibackend.records.record import Run

Precision = Literal["float64", "float32"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
"""float64 first: it decides *same or not*, and is the ground truth of float32."""

STAGES = (
    "structure",
    "data",
    "initial weights",
    "initial outputs",
    "initial loss",
    "gradients",
    "first update",
    "step losses",
    "converged loss",
    "test metrics",
    "interchange",
)
"""In causal order: the first that fails is where two trainings begin to differ."""

Status = Literal["pass", "drift", "known", "diverged as meant", "fail", "consequence", "not judged", "not run"]
"""What came of a stage.

| status | meaning | counts as failure |
|---|---|---|
| pass | within its bound | no |
| drift | within its bound, and only because rounding itself was measured to grow so far | no |
| known | differs as an entry of `known.toml` says, or in consequence of it | no |
| diverged as meant | the loss outgrew float32 (3.4e38), as this experiment demands | no |
| fail | beyond its bound; or missing, of another shape, not finite | yes |
| consequence | as `fail`, after an earlier stage of the same pair failed | yes |
| not judged | a training of the pair failed, left no record, or was not run where others were | yes |
| not run | no backend could run this experiment here, for the reason given | no |
"""

FAILURES: tuple[Status, ...] = ("fail", "consequence", "not judged")


@dataclass(frozen=True)
class Finding:
    """One stage of one pair, judged.

    `measured` and `bound` are relative differences; None where nothing could be measured (an array
    is missing, a shape differs). `detail` is one line: the worst place, with its numbers. `where` is the layer,
    variable or optimizer slot at which the pair first differs, by its path ("" for none), `step` the step (from 1; 0
    for none). `places` are the paths of all layers, variables and slots that the finding names, first that in `where`.

    `known` is the id of the known divergence that explains the difference, here or at an earlier stage ("" for none);
    the status is then "known". `stale` is the id of a known divergence that should show here and no longer does; the
    status is then "fail".
    """

    experiment: str
    precision: str
    pair: Pair
    stage: str
    status: Status
    measured: float | None
    bound: float | None
    detail: str
    where: str = ""
    step: int = 0
    places: tuple[str, ...] = ()
    known: str = ""
    stale: str = ""

    @property
    def failed(self) -> bool:
        """Whether this alone makes the comparison fail."""
        return self.status in FAILURES


OriginKind = Literal["output", "between layers", "loss", "gradient", "optimizer", "nowhere"]


@dataclass(frozen=True)
class Origin:
    """Where an error starts, found by running each layer, the loss and the optimizer alone on the same values.

    `who` are the backends accused: one, or a pair where nothing tells which. `kind` says of what: a layer's `output`
    or its `gradient` (`where` is then the call of the layer, or the variable), what the model computes `between layers`
    (before that call), the `loss`, the `optimizer` (`where` is a variable or slot); or `nowhere`, where no part shows
    it alone.
    """

    experiment: str
    precision: str
    who: tuple[str, ...]
    kind: OriginKind
    where: str
    detail: str

    @property
    def sentence(self) -> str:
        """Who, in what, and with which numbers."""
        who = join_words(self.who)
        if self.kind == "nowhere":
            return f"{who}: no origin: {self.detail}"
        place = {
            "output": f"in the output of {self.where}",
            "between layers": f"between the layers, before {self.where}",
            "loss": "in the loss",
            "gradient": f"in the gradient of {self.where}",
            "optimizer": f"in the optimizer, at {self.where}",
        }[self.kind]
        return f"starts on {who} {place}: {self.detail}"


@dataclass(frozen=True)
class Absence:
    """A training without a usable record, and the reason.

    `fails` says whether it makes the comparison fail: only a training that no backend could run doesn't.
    """

    run: Run
    kind: Literal["failed", "no record", "not-run"]
    reason: str
    fails: bool = True


@dataclass(frozen=True)
class Note:
    """What must be said beside a verdict, and fails nothing: what is zero throughout, or differs besides the backend.

    `precision` is "" where it concerns both.
    """

    experiment: str
    precision: str
    text: str


@dataclass(frozen=True)
class KnownEffect:
    """A known upstream divergence, as it was met in these records."""

    id: str
    title: str
    backend: str
    state: Literal["in effect", "worked around", "no longer occurs"]
    cause: str
    upstream: str
    reproduction: str
    workaround: str
    experiments: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Everything found. `environments` holds one row for each backend and environment met.

    `drawn` says, for experiments whose data aren't the user's own, what they are; `notes` what must be said beside
    the verdicts.
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
        """Whether any stage could be judged at all."""
        return any(f.status not in ("not judged", "not run") for f in self.findings)

    @property
    def passed(self) -> bool:
        """No failure, and something was compared: an empty comparison proves nothing."""
        return self.judged and not self.failed and not any(finding.failed for finding in self.findings)

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names, in the order in which they were compared."""
        return tuple(self._by_experiment)

    @cached_property
    def _by_experiment(self) -> dict[str, list[Finding]]:
        """What is asked for once an experiment must not read the findings of all."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.experiment, []).append(finding)
        return found

    def select(self, experiment: str, precision: str = "", stage: str = "") -> tuple[Finding, ...]:
        """The findings of an experiment, of one precision and stage where these are named."""
        return tuple(
            finding
            for finding in self._by_experiment.get(experiment, ())
            if precision in ("", finding.precision) and stage in ("", finding.stage)
        )

    def restrict(self, experiments: Sequence[str]) -> Comparison:
        """The comparison of these experiments alone; what is known upstream and the environments stay."""
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

    def group_notes(self) -> dict[str, list[str]]:
        """Each note's text, with the experiments and precisions that it is of."""
        grouped: dict[str, list[str]] = {}
        for note in self.notes:
            name = f"{shorten_name(note.experiment)} {note.precision}".strip()
            grouped.setdefault(note.text, []).append(name)
        return grouped

    def first_failures(self, experiment: str, precision: str) -> tuple[Finding, ...]:
        """The failures of the first failing stage in causal order, one for each pair that fails there."""
        failures = [finding for finding in self.select(experiment, precision) if finding.failed]
        first = min((STAGES.index(finding.stage) for finding in failures), default=-1)
        return tuple(finding for finding in failures if STAGES.index(finding.stage) == first)

    def find_suspects(self, experiment: str, precision: str) -> tuple[str, ...]:
        """The participants that differ at the first failing stage: see `suspects.find_suspects`."""
        failures = self.first_failures(experiment, precision)
        return find_suspects(finding.pair for finding in failures if finding.status != "not judged")

    def list_participants(self, experiment: str, precision: str) -> tuple[str, ...]:
        """The participants compared, in the order of the pairs."""
        pairs = [finding.pair for finding in self.select(experiment, precision)]
        return tuple(dict.fromkeys(name for pair in pairs for name in pair))

    def find_origins(self, experiment: str, precision: str) -> tuple[Origin, ...]:
        """Where the first failure of an experiment in a precision starts, if that was looked for."""
        return tuple(o for o in self.origins if (o.experiment, o.precision) == (experiment, precision))

    def consequences(self, finding: Finding) -> tuple[str, ...]:
        """The later stages at which the same pair differs in consequence of a failure."""
        later = self.select(finding.experiment, finding.precision)
        return tuple(f.stage for f in later if f.pair == finding.pair and f.status == "consequence")

    def verdict(self, experiment: str, precision: str) -> str:
        """One phrase: who differs, and at which stage; or `known`, `diverged as meant`, `drift`, `same`, `not run`."""
        failures = self.first_failures(experiment, precision)
        if failures and all(finding.status == "not judged" for finding in failures):
            absent = [
                a.run.backend for a in self.failed if (a.run.experiment, a.run.precision) == (experiment, precision)
            ]
            return f"no result from {join_words(list(dict.fromkeys(absent)))}"
        if failures:
            stage = next(finding.stage for finding in failures if finding.status != "not judged")
            suspects = self.find_suspects(experiment, precision)
            return f"{describe_suspects(suspects, self.list_participants(experiment, precision))} at {stage}"
        met = {finding.status for finding in self.select(experiment, precision)}
        for status in ("known", "diverged as meant", "drift"):
            if status in met:
                return status
        return "same" if "pass" in met else "not run"
