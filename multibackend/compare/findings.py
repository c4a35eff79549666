"""Findings: what a comparison says, one stage of one pair of participants at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from multibackend.compare.participants import Pair
from multibackend.compare.suspects import join_words
from multibackend.experiments.choices import Precision
from multibackend.records.record import Run

Stage = Literal[
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
]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The stages in causal order: at the first that fails, two trainings begin to differ."""

Status = Literal["pass", "drift", "known", "diverged as meant", "fail", "consequence", "not judged", "not run"]
"""The result of a stage.

| status | meaning | counts as failure |
|---|---|---|
| pass | within its bound | no |
| drift | within its bound, and only because rounding error was measured to grow so far | no |
| known | differs as an entry of `known.toml` says, or in consequence of it | no |
| diverged as meant | the loss outgrew float32 (3.4e38), as this experiment demands | no |
| fail | beyond its bound; or missing, of another shape, not finite | yes |
| consequence | as `fail`, after an earlier stage of the same pair failed | yes |
| not judged | a training of the pair failed, left no record, or was not run where others were | yes |
| not run | no participant could run this experiment here, or one can't do what this stage needs | no |
"""

FAILURES: tuple[Status, ...] = ("fail", "consequence", "not judged")


@dataclass(frozen=True)
class Finding:
    """One stage of one pair, judged.

    `measured` and `bound` are relative differences; None where nothing could be measured, because an array is missing
    or a shape differs. `detail` is one line: the worst place, with its numbers. `where` is the layer, variable or
    optimizer slot at which the pair first differs, by its path ("" for none), and `step` the step (from 1; 0 for none).
    `places` are the paths of all layers, variables and slots that the finding names, first the one in `where`.

    `known` is the id of the known divergence that explains the difference, here or at an earlier stage ("" for none);
    the status is then "known". `stale` is the id of a known divergence that should show here and no longer does; the
    status is then "fail".
    """

    experiment: str
    precision: Precision
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
        """True if this alone makes the comparison fail."""
        return self.status in FAILURES


OriginKind = Literal["output", "between layers", "loss", "gradient", "optimizer", "nowhere"]

ORIGIN_WORDS: dict[OriginKind, str] = {
    "output": "in the output of {where}",
    "between layers": "between the layers, before {where}",
    "loss": "in the loss",
    "gradient": "in the gradient of {where}",
    "optimizer": "in the optimizer, at {where}",
}


@dataclass(frozen=True)
class Origin:
    """The place where an error starts, found by running each layer, the loss and the optimizer alone.

    `who` are the participants accused: one, or several where nothing tells which. `kind` says what differs: a layer's
    `output` or its `gradient` (`where` is then the call of the layer, or the variable), what the model computes
    `between layers` (before that call), the `loss`, or the `optimizer` (`where` is a variable or slot). It is `nowhere`
    if nothing that was run alone shows the error.
    """

    experiment: str
    precision: Precision
    who: tuple[str, ...]
    kind: OriginKind
    where: str
    detail: str

    @property
    def sentence(self) -> str:
        """The participants that differ, the place, and the numbers."""
        who = join_words(self.who)
        if self.kind == "nowhere":
            return f"{who}: no origin: {self.detail}"
        return f"starts on {who} {ORIGIN_WORDS[self.kind].format(where=self.where)}: {self.detail}"


@dataclass(frozen=True)
class Absence:
    """A training without a usable record, and the reason.

    `fails` says whether it makes the comparison fail: only a training that no participant could run doesn't.
    """

    run: Run
    kind: Literal["failed", "no record", "not-run"]
    reason: str
    fails: bool = True


@dataclass(frozen=True)
class Note:
    """A remark beside a verdict that fails nothing, such as zeros throughout, or another version of Keras on one side.

    `precision` is "" where the note concerns both.
    """

    experiment: str
    precision: Precision | Literal[""]
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
