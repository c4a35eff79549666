"""The ladder: train and compare, then train what tells why trainings differ.

Where all agree, each backend loads the models that the others saved. Where a backend differs within the first step,
that step is traced on one backend and repeated on all with each layer alone, to find where the error starts. Where no
layer shows the error alone, float64 is trained once more from weights moved by one ULP. That tells rounding error in an
ill-conditioned or chaotic training from a fault. Each backend has one worker for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibackend.experiments.choices import PRECISIONS, Precision
from multibackend.launch.dispatch import list_trainings, read_records, run_trainings
from multibackend.launch.pool import Pool
from multibackend.launch.settings import Execution, Settings, Training

if TYPE_CHECKING:
    from multibackend.compare import Comparison, Finding
    from multibackend.launch.supervisor import Outcome
    from multibackend.records.record import Record


@dataclass(frozen=True)
class Look:
    """Trainings beyond those that are compared first, of some experiments on some backends."""

    experiments: Sequence[str]
    backends: Sequence[str]
    trainings: Sequence[Training]


@dataclass(frozen=True)
class Ascent:
    """The result of a climb: the comparison, its records, and how each training ended."""

    comparison: Comparison
    records: list[Record]
    outcomes: list[Outcome]


def climb(
    names: Sequence[str],
    backends: Sequence[str],
    precisions: Sequence[Precision],
    settings: Settings,
    execution: Execution,
) -> Ascent:
    """Train experiments on these backends and compare them at every stage.

    Raises:
        Interrupted: by the user or the system; what was trained is kept.
        MultibackendError: a name or an interpreter is not as needed.
    """
    from multibackend.compare import compare_records

    with Pool() as pool:
        outcomes = run_trainings(names, backends, list_trainings(precisions, repeated=True), settings, execution, pool)
        experiments = list(dict.fromkeys(outcome.run.experiment for outcome in outcomes))
        closer: list[Outcome] = []

        def train(look: Look) -> None:
            if look.experiments:
                closer.extend(run_trainings(look.experiments, look.backends, look.trainings, settings, execution, pool))

        def compare() -> tuple[Comparison, list[Record]]:
            records = read_records([*outcomes, *closer], execution.output.path)
            return compare_records(records, experiments, backends=backends, precisions=precisions), records

        comparison, records = compare()
        trained = {outcome.run.experiment for outcome in outcomes if outcome.status == "finished"}
        sound = [n for n in experiments if n in trained and not any(f.failed for f in comparison.select(n))]
        deciding = [first for n in experiments if n in trained and (first := _find_deciding(comparison, n))]
        if settings.workarounds:  # without them, models that torch saves can't be loaded elsewhere
            train(Look(sound, backends, [Training(precision, task="interchange") for precision in precisions]))
        for look in _list_looks(comparison, deciding, backends, precisions):
            train(look)
        if closer:
            comparison, records = compare()
        unexplained = [first.experiment for first in deciding if _may_be_rounding(comparison, first)]
        if unexplained:
            train(Look(unexplained, backends, [Training("float64", perturbation=1)]))
            comparison, records = compare()
        return Ascent(comparison, records, outcomes)


def _list_looks(
    comparison: Comparison, deciding: Sequence[Finding], backends: Sequence[str], precisions: Sequence[Precision]
) -> Iterator[Look]:
    """Yield the looks that tell where a first step differs: its traces, then each layer alone on what was traced."""
    from multibackend.compare import LOCAL_STAGES

    local = [first for first in deciding if first.stage in LOCAL_STAGES]
    for backend in backends:
        chosen = [f.experiment for f in local if _choose_reference(comparison, f.experiment, backends) == backend]
        yield Look(chosen, [backend], [Training("float64", task="trace")])
    for precision in precisions:
        chosen = [first.experiment for first in local if first.precision == precision]
        yield Look(chosen, backends, [Training(precision, task="isolation")])


def _find_deciding(comparison: Comparison, experiment: str) -> Finding | None:
    """Find the first failure in float64, which decides, or else in float32."""
    first = [f for p in PRECISIONS for f in comparison.first_failures(experiment, p) if f.status == "fail"]
    return first[0] if first else None


def _may_be_rounding(comparison: Comparison, first: Finding) -> bool:
    """Tell if a failure in float64 was measured, and no part of the step shows it alone."""
    origins = comparison.find_origins(first.experiment, "float64")
    return first.precision == "float64" and first.measured is not None and all(o.kind == "nowhere" for o in origins)


def _choose_reference(comparison: Comparison, experiment: str, backends: Sequence[str]) -> str:
    """Choose the backend in the fewest pairs that fail: one that agrees with another, if any does."""
    failing = [finding.pair for finding in comparison.select(experiment) if finding.status == "fail"]
    return min(backends, key=lambda backend: sum(backend in pair for pair in failing))
