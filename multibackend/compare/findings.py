"""Findings: what a comparison says, one stage of one pair of backends at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

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
"""In causal order: the first that fails is where two trainings part."""

Status = Literal["pass", "drift", "known", "diverged as meant", "fail", "consequence", "not judged", "not run"]
"""What came of a stage.

| status | meaning | counts as failure |
|---|---|---|
| pass | within its bound | no |
| drift | within its bound, and only because rounding itself was measured to grow so far | no |
| known | parts as an entry of `known.toml` says, or in consequence of it | no |
| diverged as meant | the loss outgrew float32 (3.4e38), as this experiment demands | no |
| fail | beyond its bound; or missing, of another shape, not finite | yes |
| consequence | as `fail`, after an earlier stage of the same pair failed | yes |
| not judged | a training of the pair failed, left no record, or was not run where others were | yes |
| not run | no backend could run this experiment here, for the reason given | no |
"""

FAILURES: tuple[Status, ...] = ("fail", "consequence", "not judged")
Pair = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """One stage of one pair, judged.

    `measured` and `bound` are relative differences; None where nothing could be measured (an array
    is missing, a shape differs). `detail` is one line: where the worst is, with its numbers. `where` is the layer,
    variable or optimizer slot that it first parts at, by its path ("" for none), `step` the step (from 1; 0 for none).
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
        who = _join(list(self.who))
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
    state: Literal["in effect", "stepped round", "no longer occurs"]
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

    def find_origins(self, experiment: str, precision: str) -> tuple[Origin, ...]:
        """Where the first failure of an experiment in a precision starts, if that was looked for."""
        return tuple(o for o in self.origins if (o.experiment, o.precision) == (experiment, precision))

    def consequences(self, finding: Finding) -> tuple[str, ...]:
        """The later stages at which the same pair parts in consequence of a failure."""
        later = self.select(finding.experiment, finding.precision)
        return tuple(f.stage for f in later if f.pair == finding.pair and f.status == "consequence")

    def verdict(self, experiment: str, precision: str) -> str:
        """One phrase: who parts, and at which stage; or `known`, `diverged as meant`, `drift`, `same`, `not run`."""
        failures = self.first_failures(experiment, precision)
        if failures and all(finding.status == "not judged" for finding in failures):
            absent = [
                a.run.backend for a in self.failed if (a.run.experiment, a.run.precision) == (experiment, precision)
            ]
            return f"no result from {_join(list(dict.fromkeys(absent)))}"
        if failures:
            parted = [finding for finding in failures if finding.status != "not judged"]
            return f"{_who_parts([finding.pair for finding in parted])} at {parted[0].stage}"
        met = {finding.status for finding in self.select(experiment, precision)}
        for status in ("known", "diverged as meant", "drift"):
            if status in met:
                return status
        return "same" if "pass" in met else "not run"


def _who_parts(pairs: list[Pair]) -> str:
    shared = set(pairs[0]).intersection(*pairs)
    if len(pairs) == 2 and len(shared) == 1:
        return f"{shared.pop()} parts"
    if len(pairs) == 1:
        return f"{_join(list(pairs[0]))} part"
    return "all three part"


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
