"""Pairs: every two participants compared, in every experiment and precision, at every stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from multibackend.compare.absences import list_absences
from multibackend.compare.comparison import Comparison
from multibackend.compare.ensemble import Ensemble, gather_ensembles
from multibackend.compare.findings import STAGES, Absence, Finding, Origin, Status
from multibackend.compare.known import Known, apply_known, list_effects, load_known
from multibackend.compare.notes import count_parameters, list_environments, list_notes
from multibackend.compare.origins import find_origin
from multibackend.compare.participants import Pair, sort_participants
from multibackend.compare.runs import check_same_training
from multibackend.compare.verdicts import judge_pair
from multibackend.engine.backends import BACKENDS
from multibackend.errors import RecordError
from multibackend.experiments.choices import PRECISIONS, Precision
from multibackend.records.record import Record


def compare_records(
    records: Iterable[Record],
    wanted: Sequence[str] | None,
    *,
    backends: Sequence[str] = BACKENDS,
    precisions: Sequence[Precision] = PRECISIONS,
    known: Sequence[Known] | None = None,
) -> Comparison:
    """Judge all pairs of participants, in every precision, at every stage.

    `wanted` names the experiments that must be there, and limits the comparison to them; None stands for all that left
    a record. `backends` are the participants, two or more. Each experiment is expected from each of them in each
    precision: an absent record is a failure. So is a training that was not run where others of its experiment were;
    one that was run nowhere is not. `known` are the divergences known upstream; None stands for `known.toml`.

    Raises:
        RecordError: there is nothing to compare, or records are of different trainings.
        MultibackendError: `known.toml` is malformed.
    """
    entries = load_known() if known is None else known
    participants = sort_participants(backends)
    chosen = [r for r in records if r.run.backend in participants and r.run.precision in precisions]
    chosen = [r for r in chosen if wanted is None or r.run.experiment in wanted]
    ensembles = gather_ensembles(chosen)
    names = list(ensembles) if wanted is None else list(dict.fromkeys(wanted))
    if not names:
        raise RecordError(
            "records: nothing to compare; expected at least one experiment. Run `multibackend parity` first."
        )
    check_same_training(chosen)
    absences = list_absences(chosen, names, participants, precisions)
    every = [ensembles.get(name, Ensemble(name, {}, ())) for name in names]
    parts = [_compare_experiment(one, precisions, participants, absences, entries) for one in every]
    findings = tuple(finding for part in parts for finding in part.findings)
    return Comparison(
        findings=findings,
        origins=tuple(origin for part in parts for origin in part.origins),
        failed=tuple(absence for absence in absences if absence.fails),
        not_run=tuple(absence for absence in absences if not absence.fails),
        known=list_effects(findings, ensembles.values(), entries),
        parameters={name: count_parameters(ensemble) for name, ensemble in ensembles.items()},
        environments=list_environments(chosen),
        drawn={r.run.experiment: r.digests["origin"] for r in chosen if "origin" in r.digests},
        notes=tuple(note for part in parts for note in part.notes),
    )


def _compare_experiment(
    gathered: Ensemble,
    precisions: Sequence[Precision],
    participants: Sequence[str],
    absences: Sequence[Absence],
    entries: Sequence[Known],
) -> Comparison:
    """Compare one experiment, whose arrays are in memory meanwhile: its findings, origins and notes."""
    ensemble = gathered.examine()
    findings: list[Finding] = []
    origins: list[Origin] = []
    for precision in precisions:
        judged: list[Finding] = []
        for pair in combinations(participants, 2):
            found = _compare_pair(ensemble, precision, pair, absences)
            judged += mark_consequences(apply_known(found, ensemble, entries))
        findings += judged
        origins += find_origin(ensemble, precision, judged)
    return Comparison(findings=tuple(findings), origins=tuple(origins), notes=tuple(list_notes(ensemble)))


def _compare_pair(ensemble: Ensemble, precision: Precision, pair: Pair, absences: Sequence[Absence]) -> list[Finding]:
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


def mark_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """Tell the first failure of a pair, whose findings are in causal order, from those that follow it."""
    marked: list[Finding] = []
    for finding in findings:
        follows = finding.status == "fail" and any(earlier.status == "fail" for earlier in marked)
        marked.append(replace(finding, status="consequence") if follows else finding)
    return marked
