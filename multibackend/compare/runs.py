"""Runs: the records that belong together, read from one or more folders and held against each other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from multibackend import BACKENDS
from multibackend.compare.findings import PRECISIONS
from multibackend.compare.measures import Array
from multibackend.errors import RecordError
from multibackend.record import Record, Status, find_records, load_record


def load_runs(paths: Sequence[Path]) -> list[Record]:
    """Read every record at or below the folders, for instance one folder for each CI job.

    Raises:
        RecordError: a folder is missing or holds no record; a record is truncated or foreign; two
            records are of the same run; records of one experiment are of different trainings.
    """
    records: list[Record] = []
    found: dict[str, Path] = {}
    for root in paths:
        folders = list(find_records(root)) if root.is_dir() else []
        if not folders:
            state = "holds no record" if root.is_dir() else "is no folder"
            raise RecordError(f"records {root}: {state}; expected what `multibackend parity --output {root}` writes.")
        for folder in folders:
            record = load_record(folder)
            _check_names(record, folder)
            if str(record.run) in found:
                first = found[str(record.run)]
                raise RecordError(
                    f"records: {record.run} is both in {first} and in {folder}; expected it once. Remove one."
                )
            found[str(record.run)] = folder
            records.append(record)
    check_same_training(records)
    return records


def _check_names(record: Record, folder: Path) -> None:
    choices: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("backend", record.run.backend, BACKENDS),
        ("precision", record.run.precision, PRECISIONS),
        ("status", record.status, get_args(Status)),
    )
    for name, got, expected in choices:
        if got not in expected:
            raise RecordError(
                f"record {folder}: {name} is {got!r}; expected one of {', '.join(expected)}. Train again."
            )


def check_same_training(records: Iterable[Record]) -> None:
    """Refuse records that can't be compared: each experiment must be of one profile, seed, plan and purpose.

    What a comparison is meant to *find*, such as other data in one backend, is left to it; only a
    perturbed run must have read the very data of the run that it perturbs.

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


def is_training(record: Record) -> bool:
    """Whether it is a training itself: no repetition, and no closer look."""
    return record.run.task == "training" and not record.run.perturbation


def _demand_same(name: str, first: Record, other: Record, read: Callable[[Record], object]) -> None:
    expected, got = read(first), read(other)
    if got != expected:
        raise RecordError(
            f"records: {name} of {other.run} is {json.dumps(got)}; expected {json.dumps(expected)}, "
            f"as in {first.run}. Train both again alike, or compare them apart."
        )


COMPARED = (
    "initial_weights",
    "initial_outputs",
    "initial",
    "gradients",
    "updates",
    "slots",
    "losses",
    "history",
    "test",
    "predictions",
    "continued",
)
"""Groups of arrays that the stages read: less than half of a record."""


@dataclass(frozen=True)
class Ensemble:
    """All finished trainings of one experiment: `base` by precision and backend, and the perturbed ones.

    `closer` holds what looked closer at them, by task, precision and backend. `truths` keeps each ground truth once it
    is established, as all pairs are judged against it.
    """

    experiment: str
    base: dict[tuple[str, str], Record]
    perturbed: tuple[Record, ...]
    closer: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    truths: dict[Any, Array | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, groups: Collection[str] = COMPARED) -> Ensemble:
        """The same with the arrays of these groups in memory; else those of records on disk are read each time."""
        base = {key: record.read(groups) for key, record in self.base.items()}
        return Ensemble(self.experiment, base, tuple(record.read(groups) for record in self.perturbed), self.closer)

    def float64(self) -> list[Record]:
        """The trainings that the ground truth is taken from."""
        return [self.base["float64", backend] for backend in BACKENDS if ("float64", backend) in self.base]

    def float32(self, backend: str) -> list[Record]:
        """A backend's trainings in float32, the perturbed ones included."""
        base = [self.base["float32", backend]] if ("float32", backend) in self.base else []
        return base + self.repetitions("float32", backend)

    def repetitions(self, precision: str, backend: str) -> list[Record]:
        """A backend's perturbed trainings in a precision."""
        return [r for r in self.perturbed if (r.run.precision, r.run.backend) == (precision, backend)]


def gather_ensembles(records: Iterable[Record]) -> dict[str, Ensemble]:
    """The finished records by experiment, `A2` before `A10`."""
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_name.setdefault(record.run.experiment, []).append(record)
    ensembles = {}
    for name in sorted(by_name, key=_natural_key):
        finished = [record for record in by_name[name] if record.status == "finished"]
        base = {(r.run.precision, r.run.backend): r for r in finished if is_training(r)}
        perturbed = tuple(r for r in finished if r.run.perturbation and r.run.task == "training")
        closer: dict[tuple[str, str, str], Record] = {
            (r.run.task, r.run.precision, r.run.backend): r for r in finished if r.run.task != "training"
        }
        ensembles[name] = Ensemble(name, base, perturbed, closer)
    return ensembles


def _natural_key(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
