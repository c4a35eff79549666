"""The comparison: every experiment, precision and pair of backends, and what could not be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from multibackend.compare.contents import list_other_dtypes
from multibackend.compare.findings import PRECISIONS, STAGES, Absence, Comparison, Finding, Note, Origin, Status
from multibackend.compare.known import Known, apply_known, list_effects, load_known
from multibackend.compare.origins import find_origin
from multibackend.compare.provenance import list_differences
from multibackend.compare.runs import Ensemble, check_same_training, gather_ensembles
from multibackend.compare.suspects import Pair
from multibackend.compare.verdicts import judge_pair
from multibackend.engine.backends import BACKENDS
from multibackend.errors import RecordError
from multibackend.records.record import Record, Run
from multibackend.text import sanitize

OF_A_TRAINING = ("flags", "data_notes")
"""What an environment holds of its training: flags depend on the precision, and notes on the data."""


def compare_records(
    records: Iterable[Record],
    wanted: Sequence[str] | None,
    *,
    backends: Sequence[str] = BACKENDS,
    precisions: Sequence[str] = PRECISIONS,
    known: Sequence[Known] | None = None,
) -> Comparison:
    """Judge all pairs of backends, in every precision, at every stage.

    `wanted` names the experiments that must be there, and limits the comparison to them; None stands for
    all that left a record. Of each, every backend and precision is expected: an absent record is a failure, and so is
    a training that was not run where others of its experiment were. One that was run nowhere is neither.
    `known` are the divergences known upstream; None stands for `known.toml`.

    Raises:
        RecordError: nothing to compare, or records that are of different trainings.
        MultibackendError: `known.toml` is malformed.
    """
    entries = load_known() if known is None else known
    chosen = [r for r in records if r.run.backend in backends and r.run.precision in precisions]
    chosen = [r for r in chosen if wanted is None or r.run.experiment in wanted]
    ensembles = gather_ensembles(chosen)
    names = list(ensembles) if wanted is None else list(dict.fromkeys(wanted))
    if not names:
        raise RecordError(
            "records: nothing to compare; expected at least one experiment. Run `multibackend parity` first."
        )
    check_same_training(chosen)
    absences = _list_absences(chosen, names, backends, precisions)
    findings: list[Finding] = []
    origins: list[Origin] = []
    notes: list[Note] = []
    for name in names:
        ensemble = ensembles.get(name, Ensemble(name, {}, ())).examine()  # one experiment's arrays at a time
        notes += _list_notes(ensemble)
        for precision in precisions:
            judged: list[Finding] = []
            for pair in combinations([b for b in BACKENDS if b in backends], 2):
                found = _compare_pair(ensemble, precision, pair, absences)
                judged += mark_consequences(apply_known(found, ensemble, entries))
            findings += judged
            origins += find_origin(ensemble, precision, judged)
    return Comparison(
        findings=tuple(findings),
        origins=tuple(origins),
        failed=tuple(absence for absence in absences if absence.fails),
        not_run=tuple(absence for absence in absences if not absence.fails),
        known=list_effects(findings, ensembles.values(), entries),
        parameters={name: _count_parameters(ensemble) for name, ensemble in ensembles.items()},
        environments=_list_environments(chosen),
        drawn={r.run.experiment: r.digests["origin"] for r in chosen if "origin" in r.digests},
        notes=tuple(notes),
    )


def _list_notes(ensemble: Ensemble) -> list[Note]:
    """What must be said beside an experiment's verdicts; the same of several backends is said once."""
    records = [*ensemble.base.values(), *ensemble.perturbed, *ensemble.closer.values()]
    texts = [*list_differences(records), *(note for r in records for note in r.environment.get("data_notes", ()))]
    notes = [Note(ensemble.experiment, "", text) for text in dict.fromkeys(texts)]
    if len(ensemble.base) > 1 and not any(task == "interchange" for task, *_ in ensemble.closer):
        notes.append(Note(ensemble.experiment, "", "no backend has loaded another's model: interchange says nothing"))
    said: dict[tuple[str, str], list[str]] = {}
    for (precision, backend), record in ensemble.base.items():
        if "structure" not in ensemble.gaps[precision, backend]:
            for text in (*list_other_dtypes(record), *ensemble.silences[precision, backend].notes):
                said.setdefault((precision, text), []).append(backend)
    for (precision, text), backends in said.items():
        notes.append(Note(ensemble.experiment, precision, f"{text} (on {', '.join(backends)})"))
    return notes


def mark_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings of one pair, in causal order, with those that follow a failure told from the failure itself."""
    marked: list[Finding] = []
    for finding in findings:
        follows = finding.status == "fail" and any(earlier.status == "fail" for earlier in marked)
        marked.append(replace(finding, status="consequence") if follows else finding)
    return marked


def _list_absences(
    records: Sequence[Record], names: Sequence[str], backends: Sequence[str], precisions: Sequence[str]
) -> list[Absence]:
    """Trainings that failed or were not run; and those expected that left no record."""
    records = [record for record in records if record.run.task == "training"]  # a closer look may fail: it adds nothing
    ran = {record.run.experiment for record in records if record.status != "not-run"}
    absences = [
        Absence(
            record.run,
            "failed" if record.status == "failed" else "not-run",
            sanitize(record.reason) or "no reason recorded",
            record.status == "failed" or record.run.experiment in ran,
        )
        for record in records
        if record.status != "finished"
    ]
    there = {(r.run.experiment, r.run.precision, r.run.backend) for r in records if not r.run.perturbation}
    models = {record.run.experiment: record.run for record in records}
    anything = next(iter(models.values()), Run("", "", "", "quick", 0))  # of an experiment without any record
    for name in names:
        model = models.get(name, anything)
        for precision in precisions:
            for backend in (b for b in BACKENDS if b in backends):
                if (name, precision, backend) not in there:
                    run = Run(name, backend, precision, model.profile, model.seed)
                    absences.append(Absence(run, "no record", f"run `multibackend parity {name}`"))
    return absences


def _compare_pair(ensemble: Ensemble, precision: str, pair: Pair, absences: Sequence[Absence]) -> list[Finding]:
    missing = [
        absence
        for absence in absences
        if (absence.run.experiment, absence.run.precision) == (ensemble.experiment, precision)
        and absence.run.backend in pair
        and not absence.run.perturbation
    ]
    if not missing:
        return judge_pair(ensemble, precision, pair)
    status: Status = "not judged" if any(absence.fails for absence in missing) else "not run"
    detail = "; ".join(f"{absence.run.backend} {absence.kind}: {absence.reason}" for absence in missing)
    return [Finding(ensemble.experiment, precision, pair, stage, status, None, None, detail) for stage in STAGES]


def _count_parameters(ensemble: Ensemble) -> int:
    for record in ensemble.base.values():
        total = record.structure.get("parameters", {}).get("total", 0)
        if total:
            return int(total)
    return 0


def _list_environments(records: Sequence[Record]) -> tuple[dict[str, Any], ...]:
    """One row for each backend and environment, in the order of the backends."""
    rows: list[dict[str, Any]] = []
    for backend in BACKENDS:
        for record in records:
            row = {"backend": backend, **{k: v for k, v in record.environment.items() if k not in OF_A_TRAINING}}
            if record.run.backend == backend and record.environment and row not in rows:
                rows.append(row)
    return tuple(rows)
