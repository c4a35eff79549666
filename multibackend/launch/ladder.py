"""The ladder: train and compare; where all agree, let each backend load what the others saved; else look closer.

A closer look is two things. The first step is traced on one backend and repeated on all with each layer alone, to find
where an error starts. And where no part of it shows the error alone, float64 is trained once more from weights moved
by one ULP, to tell what rounding does to an ill-conditioned or chaotic training from a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multibackend.launch.dispatch import list_trainings, read_records, run_trainings

if TYPE_CHECKING:
    from multibackend.compare import Comparison, Finding
    from multibackend.launch.output_folder import OutputFolder
    from multibackend.launch.supervisor import Outcome
    from multibackend.records.record import Record


@dataclass(frozen=True)
class Ascent:
    """What was found, from which records, and how each training ended."""

    comparison: Comparison
    records: list[Record]
    outcomes: list[Outcome]


def climb(
    names: Sequence[str], backends: Sequence[str], precisions: Sequence[str], *, output: OutputFolder, **settings: Any
) -> Ascent:
    """Train experiments on these backends and compare them at every stage; settings are those of `run_trainings`.

    Raises:
        Interrupted: by the user or the system; what was trained is kept.
        MultibackendError: a name or an interpreter is not as needed.
    """
    from multibackend.compare import LOCAL_STAGES, compare_records

    outcomes = run_trainings(names, backends, list_trainings(precisions, repeated=True), output=output, **settings)
    experiments = list(dict.fromkeys(outcome.run.experiment for outcome in outcomes))
    closer: list[Outcome] = []

    def look(chosen: Sequence[str], where: Sequence[str], wanted: Sequence[Any]) -> None:
        if chosen and wanted:
            closer.extend(run_trainings(chosen, where, wanted, output=output, **settings))

    def compare() -> tuple[Comparison, list[Record]]:
        records = read_records([*outcomes, *closer], output.path)
        return compare_records(records, experiments, backends=backends, precisions=precisions), records

    comparison, records = compare()
    trained = {outcome.run.experiment for outcome in outcomes if outcome.status == "finished"}
    sound = [n for n in experiments if n in trained and not any(f.failed for f in comparison.select(n))]
    parting = {name: _find_deciding(comparison, name) for name in experiments if name in trained}
    local = [n for n, first in parting.items() if first and first.stage in LOCAL_STAGES]
    if settings["workarounds"]:  # without, what torch saves can't be loaded elsewhere
        look(sound, backends, [(precision, 0, "interchange") for precision in precisions])
    for backend in backends:
        referred = [name for name in local if _choose_reference(comparison, name, backends) == backend]
        look(referred, [backend], [("float64", 0, "trace")])
    for precision in precisions:
        chosen = [name for name in local if (first := parting[name]) and first.precision == precision]
        look(chosen, backends, [(precision, 0, "isolation")])
    if closer:
        comparison, records = compare()
    unexplained = [n for n, first in parting.items() if first and _may_be_rounding(comparison, first)]
    if unexplained:
        look(unexplained, backends, [("float64", 1)])
        comparison, records = compare()
    return Ascent(comparison, records, outcomes)


def _find_deciding(comparison: Comparison, experiment: str) -> Finding | None:
    """The first failure in float64, which decides, or else in float32."""
    from multibackend.compare import PRECISIONS

    first = [f for p in PRECISIONS for f in comparison.first_failures(experiment, p) if f.status == "fail"]
    return first[0] if first else None


def _may_be_rounding(comparison: Comparison, first: Finding) -> bool:
    """Whether a failure in float64 was measured, and no part of the step shows it alone."""
    origins = comparison.find_origins(first.experiment, "float64")
    return first.precision == "float64" and first.measured is not None and all(o.kind == "nowhere" for o in origins)


def _choose_reference(comparison: Comparison, experiment: str, backends: Sequence[str]) -> str:
    """The backend in the fewest pairs that fail: one that agrees with another, if any does."""
    failing = [finding.pair for finding in comparison.select(experiment) if finding.status == "fail"]
    return min(backends, key=lambda backend: sum(backend in pair for pair in failing))
