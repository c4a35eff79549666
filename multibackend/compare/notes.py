"""Notes and facts beside the verdicts: what differs besides the backend, what says nothing, and the environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from multibackend.compare.ensemble import Ensemble
from multibackend.compare.findings import Note
from multibackend.compare.gaps import list_other_dtypes
from multibackend.compare.participants import sort_participants
from multibackend.compare.provenance import list_differences
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record

OF_A_TRAINING = ("flags", "data_notes")
"""Fields of an environment that are of its training: flags depend on the precision, and notes on the data."""


def list_notes(ensemble: Ensemble) -> list[Note]:
    """List the notes on an experiment; one that several backends share is given once."""
    records = [*ensemble.base.values(), *ensemble.perturbed, *ensemble.closer.values()]
    texts = [*list_differences(records), *(note for r in records for note in r.environment.get("data_notes", ()))]
    notes = [Note(ensemble.experiment, "", text) for text in dict.fromkeys(texts)]
    if len(ensemble.base) > 1 and not any(task == "interchange" for task, *_ in ensemble.closer):
        notes.append(Note(ensemble.experiment, "", "no backend has loaded another's model: interchange says nothing"))
    said: dict[tuple[Precision, str], list[str]] = {}
    for (precision, backend), record in ensemble.base.items():
        if "structure" not in ensemble.gaps[precision, backend]:
            for text in (*list_other_dtypes(record), *ensemble.silences[precision, backend].notes):
                said.setdefault((precision, text), []).append(backend)
    for (precision, text), backends in said.items():
        notes.append(Note(ensemble.experiment, precision, f"{text} (on {', '.join(backends)})"))
    return notes


def count_parameters(ensemble: Ensemble) -> int:
    """Look up a model's number of parameters; 0 where no record has it."""
    for record in ensemble.base.values():
        total = record.structure.get("parameters", {}).get("total", 0)
        if total:
            return int(total)
    return 0


def list_environments(records: Sequence[Record]) -> tuple[dict[str, Any], ...]:
    """List one row for each backend and environment, in the order of the backends."""
    rows: list[dict[str, Any]] = []
    for backend in sort_participants(record.run.backend for record in records):
        for record in records:
            row = {"backend": backend, **{k: v for k, v in record.environment.items() if k not in OF_A_TRAINING}}
            if record.run.backend == backend and record.environment and row not in rows:
                rows.append(row)
    return tuple(rows)
