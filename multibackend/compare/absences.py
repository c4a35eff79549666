"""Absences: the trainings that failed, were not run, or left no record where one was expected."""

from __future__ import annotations

from collections.abc import Sequence

from multibackend.compare.abilities import find_inability
from multibackend.compare.findings import Absence
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record, Run
from multibackend.text import sanitize


def list_absences(
    records: Sequence[Record], names: Sequence[str], participants: Sequence[str], precisions: Sequence[Precision]
) -> list[Absence]:
    """List the trainings that failed or were not run, then those expected that left no record."""
    trainings = [record for record in records if record.run.task == "training"]  # a closer look may fail
    return [*_list_unfinished(trainings), *_list_missing(trainings, names, participants, precisions)]


def _list_unfinished(trainings: Sequence[Record]) -> list[Absence]:
    ran = {record.run.experiment for record in trainings if record.status != "not-run"}
    return [
        Absence(
            record.run,
            "failed" if record.status == "failed" else "not-run",
            sanitize(record.reason) or "no reason recorded",
            record.status == "failed" or record.run.experiment in ran,
        )
        for record in trainings
        if record.status != "finished"
    ]


def _list_missing(
    trainings: Sequence[Record], names: Sequence[str], participants: Sequence[str], precisions: Sequence[Precision]
) -> list[Absence]:
    there = {(r.run.experiment, r.run.precision, r.run.backend) for r in trainings if not r.run.perturbation}
    models = {record.run.experiment: record.run for record in trainings}
    anything = next(iter(models.values()), Run("", "", "float64", "quick", 0))  # for an experiment without any record
    absences = []
    for name in names:
        model = models.get(name, anything)
        for precision in precisions:
            for backend in participants:
                possible = not find_inability([backend], precision, "structure")
                if possible and (name, precision, backend) not in there:
                    run = Run(name, backend, precision, model.profile, model.seed)
                    absences.append(Absence(run, "no record", f"run `multibackend parity {name}`"))
    return absences
