"""Runs: the records that belong together, read from one or more folders and held against each other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from multibackend.compare.contents import check_groups, find_broken_ends, find_gaps
from multibackend.compare.measures import Array, Problem
from multibackend.compare.provenance import check_origins
from multibackend.compare.repetitions import find_other_start
from multibackend.compare.silence import Silence, find_silence
from multibackend.engine.backends import BACKENDS
from multibackend.errors import RecordError
from multibackend.records.record import Record, find_records, load_record


def load_runs(paths: Sequence[Path]) -> list[Record]:
    """Read every record at or below the folders, for instance one folder for each CI job.

    Raises:
        RecordError: a folder is missing or holds no record; a record is truncated or foreign; two
            records are of the same run; one is another backend's, or a copy; records of one experiment are of
            different trainings.
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
            if str(record.run) in found:
                first = found[str(record.run)]
                raise RecordError(
                    f"records: {record.run} is both in {first} and in {folder}; expected it once. Remove one."
                )
            found[str(record.run)] = folder
            records.append(record)
    check_origins(records)
    check_same_training(records)
    return records


def check_same_training(records: Iterable[Record]) -> None:
    """Refuse records that can't be compared: each experiment must be of one profile, seed, plan and purpose.

    And each record must hold what its task leaves. What a comparison is meant to *find*, such as other data in one
    backend, is left to it; only a perturbed run must have read the very data of the run that it perturbs.

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

    `closer` holds what looked closer at them, by task, precision and backend. `gaps` says, by precision and backend,
    what they lack at each stage, and `silences` where they say nothing. `truths` keeps each ground truth once it is
    established, as all pairs are judged against it.
    """

    experiment: str
    base: dict[tuple[str, str], Record]
    perturbed: tuple[Record, ...]
    closer: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    gaps: dict[tuple[str, str], dict[str, Problem]] = field(default_factory=dict)
    silences: dict[tuple[str, str], Silence] = field(default_factory=dict)
    truths: dict[Any, Array | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, groups: Collection[str] = COMPARED) -> Ensemble:
        """The same with the arrays of these groups in memory; else those of records on disk are read each time."""
        base = {key: record.read(groups) for key, record in self.base.items()}
        return replace(self, base=base, perturbed=tuple(record.read(groups) for record in self.perturbed))

    def examine(self) -> Ensemble:
        """The same with what each training lacks, repetitions included, and with the arrays that the stages read."""
        gaps: dict[tuple[str, str], dict[str, Problem]] = {}
        for record in (*self.base.values(), *self.perturbed):
            found = find_gaps(record) or find_broken_ends(record)
            ours = gaps.setdefault((record.run.precision, record.run.backend), {})
            for stage, problem in found.items():
                ours.setdefault(stage, _name_repetition(problem, record))
        read = replace(self, gaps=gaps).read()
        for record in read.perturbed:
            key = record.run.precision, record.run.backend
            if key in read.base and (other := find_other_start(read.base[key], record)):
                gaps[key].setdefault("initial weights", _name_repetition(other, record))
        silences = {key: find_silence(record) for key, record in read.base.items() if "structure" not in gaps[key]}
        return replace(read, silences=silences)

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


def _name_repetition(problem: Problem, record: Record) -> Problem:
    """The problem, which says of which repetition it is, if it is of one."""
    repeated = f"of repetition {record.run.perturbation}, " if record.run.perturbation else ""
    return replace(problem, detail=repeated + problem.detail)


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
