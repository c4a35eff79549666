"""Studies: the equivalence of all pairs of participants, from the records of each seed, and who differs.

Needs SciPy, as `equivalence.py` does.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from multibackend.compare.equivalence import Criterion, Equivalence, check_seeds, format_share, judge_losses
from multibackend.compare.known import Known
from multibackend.compare.participants import Pair, sort_participants
from multibackend.compare.suspects import find_suspects, name_suspects
from multibackend.errors import RecordError
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record, Run

LOSSES = {"training loss": "history/loss", "validation loss": "history/val_loss", "test loss": "test/loss"}
"""The converged losses, and the arrays that hold them; in a history the last epoch counts."""

READ = ("losses", "history", "test")
"""The groups of arrays that are read: a hundredth of a record."""


@dataclass(frozen=True)
class Study:
    """The results, their seeds and criterion; `left_out` gives the reason for each experiment that wasn't judged."""

    criterion: Criterion
    seeds: tuple[int, ...]
    results: tuple[Equivalence, ...]
    left_out: dict[str, str]

    @property
    def passed(self) -> bool:
        """True if something was judged, and none of it failed."""
        return bool(self.results) and not any(result.failed for result in self.results)

    def select(self, experiment: str, precision: Precision) -> list[Equivalence]:
        """Select the results of one experiment in one precision."""
        return [r for r in self.results if (r.experiment, r.precision) == (experiment, precision)]

    def verdict(self, experiment: str, precision: Precision) -> str:
        """Say `equivalent`, who converges slower or faster, or that neither is shown."""
        results = self.select(experiment, precision)
        if any(result.status == "different" for result in results):
            participants = {name for result in results for name in result.pair}
            return _accuse([result for result in results if result.status == "different"], participants)
        if any(result.status == "not judged" for result in results):
            return "not judged"
        powers = [result.power for result in results if result.status == "not shown" and result.power is not None]
        if powers:
            return f"not shown: power {min(powers):.2f}"
        return "known" if any(result.status == "known" for result in results) else "equivalent"


def _accuse(different: Sequence[Equivalence], participants: Collection[str]) -> str:
    """Say who converges differently: whoever is in all differing pairs, against the other where there is one pair."""
    pairs = {result.pair for result in different}
    suspects = find_suspects(pairs)
    if len(suspects) > 1 and len(pairs) > 1:
        return f"{name_suspects(suspects, participants)} converge differently"
    accused = suspects[0] if len(pairs) > 1 else next(iter(pairs))[1]
    differences = [
        result.relative(result.test.mean if result.pair[1] == accused else -result.test.mean)
        for result in different
        if result.test is not None
    ]
    than = "" if len(pairs) > 1 else f" than {next(iter(pairs))[0]}"
    if len(differences) < len(different):
        return f"{accused} converges differently{than}: a loss isn't finite"
    signs = {difference > 0 for difference in differences}
    manner = "differently" if len(signs) > 1 else "slower" if signs == {True} else "faster"
    losses = ", ".join(loss for loss in LOSSES if any(result.loss == loss for result in different))
    return f"{accused} converges {manner}{than}, by up to {format_share(max(map(abs, differences)))} ({losses})"


def study_equivalence(
    records: Mapping[int, Sequence[Record]],
    backends: Sequence[str],
    precisions: Sequence[Precision],
    criterion: Criterion,
    entries: Sequence[Known] = (),
) -> Study:
    """Judge each converged loss of each pair of participants, from the records of each seed.

    A difference that follows from one of `entries`, the known divergences, is known and doesn't fail.

    Raises:
        MultibackendError: there are fewer than five seeds.
        RecordError: an experiment's trainings differ in more than backend, precision and seed.
    """
    check_seeds(len(records))
    seeds = tuple(sorted(records))
    by_run = {record.run: record.read(READ) for seed in seeds for record in records[seed]}
    results: list[Equivalence] = []
    left_out: dict[str, str] = {}
    for experiment in dict.fromkeys(run.experiment for run in by_run):
        ours = [record for run, record in by_run.items() if run.experiment == experiment and not run.perturbation]
        _check_plans(ours)
        if reason := _find_reason_to_leave_out(ours):
            left_out[experiment] = reason
            continue
        for precision in precisions:
            found = {(r.run.backend, r.run.seed): r for r in ours if r.run.precision == precision}
            for first, second in combinations(sort_participants(backends), 2):
                sides = [(found.get((first, seed)), found.get((second, seed))) for seed in seeds]
                judged = _judge_pair(experiment, precision, (first, second), seeds, sides, criterion)
                results += [_excuse(result, sides[0], entries) for result in judged]
    return Study(criterion, seeds, tuple(results), left_out)


def _check_plans(records: Sequence[Record]) -> None:
    finished = [record for record in records if record.status == "finished"]
    for record in finished:
        if (record.run.profile, record.plan) != (finished[0].run.profile, finished[0].plan):
            raise RecordError(
                f"records: plan of {_name(record.run)} is {record.run.profile} {record.plan}; expected "
                f"{finished[0].run.profile} {finished[0].plan}, as of {_name(finished[0].run)}. Train both again alike."
            )


def _name(run: Run) -> str:
    return f"{run} seed {run.seed}"


def _find_reason_to_leave_out(records: Sequence[Record]) -> str:
    for record in records:
        if record.status == "not-run":
            return f"not run: {record.reason}"
        if record.diverges:
            return "its loss is meant to diverge, so nothing converges"
    return ""


def _judge_pair(
    experiment: str,
    precision: Precision,
    pair: Pair,
    seeds: Sequence[int],
    sides: Sequence[tuple[Record | None, Record | None]],
    criterion: Criterion,
) -> list[Equivalence]:
    for seed, records in zip(seeds, sides, strict=True):
        for backend, record in zip(pair, records, strict=True):
            if record is None or record.status != "finished":
                why = f"failed: {record.reason}" if record else "left no record"
                detail = f"{backend}'s training of seed {seed} {why}"
                return [Equivalence(experiment, precision, pair, "training loss", "not judged", detail)]
    trained = [(first, second) for first, second in sides if first and second]
    judged = []
    for loss, key in LOSSES.items():
        holders = [backend for i, backend in enumerate(pair) if all(key in both[i].arrays for both in trained)]
        if not holders and loss == "validation loss":
            continue
        if len(holders) < 2:
            lacking = next(backend for backend in pair if backend not in holders)
            detail = f"{lacking} recorded no {loss}"
            judged.append(Equivalence(experiment, precision, pair, loss, "not judged", detail))
            continue
        losses = tuple((_read(first, key, -1), _read(second, key, -1)) for first, second in trained)
        gain = float(np.mean([abs(_read_gain(record)) for both in trained for record in both]))
        named = Equivalence(experiment, precision, pair, loss, "not judged", "", losses)
        judged.append(judge_losses(named, seeds, gain, criterion))
    return judged


def _excuse(result: Equivalence, records: Iterable[Record | None], entries: Sequence[Known]) -> Equivalence:
    """Call known what an entry explains: it shows earlier in this training, and no workaround avoids it."""
    if result.status not in ("different", "not shown") or result.test is None:
        return result
    for entry in entries:
        for record in records:
            if (
                record
                and entry.concerns(record)
                and entry.workaround not in record.workarounds
                and entry.find_show(record.run)
            ):
                detail = f"in consequence of {entry.id}: {result.detail}"
                return replace(result, status="known", detail=detail, known=entry.id)
    return result


def _read(record: Record, key: str, index: int) -> float:
    """Read one number of an array; NaN if there is none."""
    values = np.asarray(record.arrays.get(key, ()), dtype=np.float64).reshape(-1)
    return float(values[index]) if values.size else math.nan


def _read_gain(record: Record) -> float:
    """Compute by how much training lowered the loss, from the first step's to the last epoch's."""
    return _read(record, "losses", 0) - _read(record, "history/loss", -1)
