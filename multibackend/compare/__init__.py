"""Comparing records: findings over all pairs of backends, bounds with reasons, and what is known upstream.

Needs NumPy alone; records are the only link to training.
"""

from multibackend.compare.bounds import Judged
from multibackend.compare.comparison import compare_records
from multibackend.compare.findings import (
    FAILURES,
    PRECISIONS,
    STAGES,
    Absence,
    Comparison,
    Finding,
    KnownEffect,
    Note,
    Origin,
    Status,
)
from multibackend.compare.known import Known, load_known
from multibackend.compare.origins import LOCAL_STAGES
from multibackend.compare.runs import Ensemble, gather_ensembles, load_runs
from multibackend.compare.suspects import Pair, find_suspects
from multibackend.compare.trajectories import follow_losses, has_losses

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
]
