"""Runs: the records of a comparison, read from one or more folders and checked to belong together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from multibackend.compare.contents import check_groups
from multibackend.compare.ensemble import is_training
from multibackend.compare.provenance import check_origins
from multibackend.errors import RecordError
from multibackend.records.record import Record, Run, find_records, load_record


def load_runs(paths: Sequence[Path]) -> list[Record]:
    """Read every record at or below the folders, for instance one folder for each CI job.

    Raises:
        RecordError: a folder is missing or holds no record; a record is truncated or foreign; two records are of the
            same run; one is another backend's, or a copy; records of one experiment are of different trainings.
    """
    records: list[Record] = []
    found: dict[Run, Path] = {}
    for root in paths:
        folders = list(find_records(root)) if root.is_dir() else []
        if not folders:
            state = "holds no record" if root.is_dir() else "is no folder"
            raise RecordError(f"records {root}: {state}; expected what `multibackend parity --output {root}` writes.")
        for folder in folders:
            record = load_record(folder)
            if record.run in found:
                raise RecordError(
                    f"records: {record.run} is both in {found[record.run]} and in {folder}; expected it once. "
                    "Remove one."
                )
            found[record.run] = folder
            records.append(record)
    check_origins(records)
    check_same_training(records)
    return records


def check_same_training(records: Iterable[Record]) -> None:
    """Refuse records that can't be compared.

    All records of an experiment must have the same profile, seed, plan and purpose, and each record must hold what its
    task leaves. A difference that a comparison is meant to *find*, such as other data on one backend, is left to it.
    Only a perturbed run must have read exactly the data of the run that it perturbs.

    Raises:
        RecordError: names the first two records that differ, and in what.
    """
    readers: tuple[tuple[str, Callable[[Record], object]], ...] = (
        ("schema version", lambda record: record.schema_version),
        ("profile", lambda record: record.run.profile),
        ("seed", lambda record: record.run.seed),
        ("plan", lambda record: record.plan),
        ("diverges", lambda record: record.diverges),
    )
    records = list(records)
    for record in records:
        check_groups(record)
    for name, read in readers:
        seen: dict[str, Record] = {}
        for record in records:
            if name in ("plan", "diverges") and (record.status != "finished" or record.run.task != "training"):
                continue
            # The schema is one for all; the rest may differ between experiments.
            first = seen.setdefault("" if name == "schema version" else record.run.experiment, record)
            _demand_same(name, first, record, read)
    trainings = {(r.run.experiment, r.run.precision, r.run.backend): r for r in records if is_training(r)}
    for record in records:
        base = trainings.get((record.run.experiment, record.run.precision, record.run.backend))
        if base and base.status == record.status == "finished":
            _demand_same("data", base, record, lambda record: record.digests)


def _demand_same(name: str, first: Record, other: Record, read: Callable[[Record], object]) -> None:
    expected, got = read(first), read(other)
    if got != expected:
        raise RecordError(
            f"records: {name} of {other.run} is {json.dumps(got)}; expected {json.dumps(expected)}, "
            f"as in {first.run}. Train both again alike, or compare them separately."
        )
