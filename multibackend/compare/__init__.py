"""Comparing records: findings over all pairs of participants, bounds with reasons, and what is known upstream.

Needs NumPy alone; records are the only link to training.
"""

from multibackend.compare.abilities import trains
from multibackend.compare.comparison import Comparison
from multibackend.compare.ensemble import Ensemble, gather_ensembles
from multibackend.compare.findings import FAILURES, STAGES, Absence, Finding, KnownEffect, Note, Origin, Status
from multibackend.compare.judgement import Judged
from multibackend.compare.known import Known, load_known
from multibackend.compare.origins import LOCAL_STAGES
from multibackend.compare.pairs import compare_records
from multibackend.compare.participants import Pair, sort_participants
from multibackend.compare.runs import load_runs
from multibackend.compare.suspects import find_suspects
from multibackend.compare.trajectories import follow_losses, has_losses
from multibackend.experiments.choices import PRECISIONS

__all__ = [
    "FAILURES",
    "LOCAL_STAGES",
    "PRECISIONS",
    "STAGES",
    "Absence",
    "Comparison",
    "Ensemble",
    "Finding",
    "Judged",
    "Known",
    "KnownEffect",
    "Note",
    "Origin",
    "Pair",
    "Status",
    "compare_records",
    "find_suspects",
    "follow_losses",
    "gather_ensembles",
    "has_losses",
    "load_known",
    "load_runs",
    "sort_participants",
    "trains",
]
