"""The ladder: train, let each backend load what the others saved, compare; and look closer where something parts.

A closer look is two things. float64 is trained once more from weights moved by one ULP where it passed its bound, to
tell what rounding does to an ill-conditioned or chaotic training from a fault. And the first step is traced on one
backend and repeated on all with each layer alone, to find where an error starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multibackend.trainings import list_trainings, read_records, run_trainings

if TYPE_CHECKING:
    from multibackend.compare import Comparison
    from multibackend.record import Record
    from multibackend.supervisor import Outcome


@dataclass(frozen=True)
class Ascent:
    """What was found, from which records, and how each training ended."""

    comparison: Comparison
    records: list[Record]
    outcomes: list[Outcome]


def climb(
    names: Sequence[str], backends: Sequence[str], precisions: Sequence[str], *, output: Path, **settings: Any
) -> Ascent:
    """Train experiments on these backends and compare them at every stage; settings are those of `run_trainings`.

    Raises:
        Interrupted: by the user or the system; what was trained is kept.
        MultibackendError: a name, an interpreter or the output folder is not as needed.
    """
    from multibackend.compare import compare_records

    outcomes = run_trainings(names, backends, list_trainings(precisions, repeated=True), output=output, **settings)
    experiments = list(dict.fromkeys(outcome.run.experiment for outcome in outcomes))
    closer: list[Outcome] = []

    def look(chosen: Sequence[str], where: Sequence[str], wanted: Sequence[Any]) -> None:
        if chosen and wanted:
            closer.extend(run_trainings(chosen, where, wanted, output=output, **settings))

    def compare() -> tuple[Comparison, list[Record]]:
        records = read_records([*outcomes, *closer], output)
        return compare_records(records, experiments, backends=backends, precisions=precisions), records

    trained = {outcome.run.experiment for outcome in outcomes if outcome.status == "finished"}
    whole = [name for name in experiments if name in trained]
    if settings["mends"]:  # without, what torch saves can't be loaded elsewhere
        look(whole, backends, [(precision, 0, "interchange") for precision in precisions])
    comparison, records = compare()
    moved = [name for name in whole if "float64" in precisions and _may_be_rounding(comparison, name)]
    parting = [name for name in whole if _starts_in_a_step(comparison, name)]
    if moved or parting:
        look(moved, backends, [("float64", 1)])
        for backend in backends:
            referred = [name for name in parting if _choose_reference(comparison, name, backends) == backend]
            look(referred, [backend], [("float64", 0, "trace")])
        look(parting, backends, [(precision, 0, "isolation") for precision in precisions])
        comparison, records = compare()
    return Ascent(comparison, records, outcomes)


def _may_be_rounding(comparison: Comparison, experiment: str) -> bool:
    """Whether float64 parts first at a stage that is measured."""
    return any(f.measured is not None for f in comparison.first_failures(experiment, "float64"))


def _starts_in_a_step(comparison: Comparison, experiment: str) -> bool:
    """Whether a precision parts first at a stage of which isolation can tell where it starts."""
    from multibackend.compare import LOCAL_STAGES, PRECISIONS

    first = [f for precision in PRECISIONS for f in comparison.first_failures(experiment, precision)]
    return any(finding.stage in LOCAL_STAGES for finding in first)


def _choose_reference(comparison: Comparison, experiment: str, backends: Sequence[str]) -> str:
    """The backend in the fewest pairs that fail: one that agrees with another, if any does."""
    failing = [finding.pair for finding in comparison.select(experiment) if finding.status == "fail"]
    return min(backends, key=lambda backend: sum(backend in pair for pair in failing))
