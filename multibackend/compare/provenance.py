"""Provenance: whose a record is, and what else than the backend differs between the trainings of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np

from multibackend.compare.participants import sort_participants
from multibackend.engine.backends import get_backend
from multibackend.errors import RecordError
from multibackend.records.record import ARRAYS_FILE, Record
from multibackend.text import sanitize

COMPUTED = ("initial_outputs", "gradients", "losses", "continued")
"""Groups of arrays that a backend computes by summing, in an order of its own."""

LEAST_ROUNDED = 100
"""The number of rounded values that are never all the same on two backends. In the course's experiments, with 27 to
886,666 parameters, no two backends had the same losses and initial outputs to the bit (commit d26c348)."""

LEAST_PHASES = 3
"""The seconds of so many phases, each to 0.1 ms, are never the same in two trainings."""


def check_origins(records: Iterable[Record]) -> None:
    """Refuse records that another backend wrote, or that are copies of another's.

    Raises:
        RecordError: the record, and whose it is.
    """
    finished = [record for record in records if record.status == "finished"]
    for record in finished:
        said, packages = record.environment.get("backend"), record.environment.get("packages", {})
        if said != record.run.backend:
            got = f"is {sanitize(said, 40)!r}" if said else "is missing"
            raise RecordError(
                f"record {record.run}: environment.backend {got}; expected {record.run.backend!r}, as in its run: "
                "it is another backend's record. Train again."
            )
        wanted = get_backend(record.run.backend).distributions
        if "keras" not in packages or not set(wanted) & set(packages):
            raise RecordError(
                f"record {record.run}: environment.packages has {sanitize(', '.join(packages), 100) or 'none'}; "
                f"expected keras and {' or '.join(wanted)}: it is another backend's record. Train again."
            )
    _refuse_copies(finished)


def _refuse_copies(records: Sequence[Record]) -> None:
    """Refuse copies: no two trainings take the same seconds in every phase, and no two backends round all alike."""
    by_experiment: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        by_experiment.setdefault((record.run.experiment, record.run.task, record.run.seed), []).append(record)
    for group in by_experiment.values():
        for first, second in combinations(group, 2):
            same = _share_arrays(first, second)
            timed = first.wall_seconds == second.wall_seconds and first.peak_bytes == second.peak_bytes
            if timed and first.wall_seconds and (same or len(first.wall_seconds) >= LEAST_PHASES):
                what = "the same arrays and seconds" if same else "the same seconds in every phase and the same memory"
                raise _copied(second, what, first)
            if same and first.run.backend != second.run.backend and _count_rounded(first) >= LEAST_ROUNDED:
                raise _copied(second, "the same bits in every array", first)


def _copied(record: Record, what: str, other: Record) -> RecordError:
    return RecordError(
        f"record {record.run}: it has {what} as {other.run}: one is a copy of the other. Train it again."
    )


def _count_rounded(record: Record) -> int:
    """Count the numbers that a backend computed and had to round: about half of those end with the bit 1."""
    count = 0
    for key in record.arrays:
        if key.split("/")[0] in COMPUTED and (array := record.arrays[key]).dtype.kind == "f":
            count += int((np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}") & 1).sum())
    return count


def _share_arrays(first: Record, second: Record) -> bool:
    """Say whether two records that were loaded hold the same bits in all arrays."""
    return bool(first.sums) and first.sums.get(ARRAYS_FILE) == second.sums.get(ARRAYS_FILE)


FACTS: tuple[tuple[str, Callable[[Record], object]], ...] = (
    ("Keras' version", lambda record: record.environment.get("packages", {}).get("keras")),
    ("commit", lambda record: _name_commit(record)),
    ("device", lambda record: record.environment.get("device")),
    ("fingerprint of sources and settings", lambda record: record.fingerprint.partition("-")[0][:12]),
)
"""Facts that should be the same for all trainings of an experiment, whatever their backend."""


def list_differences(records: Iterable[Record]) -> list[str]:
    """List the facts in which an experiment's finished records differ, and the backends with bit-identical arrays."""
    finished = [record for record in records if record.status == "finished"]
    notes = []
    for name, read in FACTS:
        values: dict[str, list[str]] = {}
        for record in finished:
            value = sanitize(str(read(record) or "unknown"), 60)
            if record.run.backend not in values.setdefault(value, []):
                values[value].append(record.run.backend)
        if len(values) > 1:
            sides = [f"{value} on {', '.join(sort_participants(b))}" for value, b in values.items()]
            notes.append(f"{name} differs: {'; '.join(sides)}")
    for first, second in combinations([r for r in finished if r.run.task == "training"], 2):
        if first.run.backend != second.run.backend and _share_arrays(first, second):
            notes.append(f"{first.run} and {second.run} hold the same bits in every array")
    return notes


def _name_commit(record: Record) -> str:
    commit = record.environment.get("commit")
    return f"{str(commit)[:12]}{' with changes' if record.environment.get('dirty') else ''}" if commit else ""
