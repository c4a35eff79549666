"""Partings: what a comparison's `results.json` says of one experiment: who parts, where, in which precision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibackend.compare.findings import STAGES
from multibackend.errors import MultibackendError

PARTING = (("fail",), ("known",))
"""A divergence that is known is reduced where there is no other."""


@dataclass(frozen=True)
class Parting:
    """Where an experiment first parts: the backends that may be at fault, and what the finding says of the place.

    `precisions` are those in which it parts, float32 first: a script in it needs the fewest lines.
    """

    suspects: tuple[str, ...]
    stage: str
    words: str
    precisions: tuple[str, ...]


def read_results(path: Path) -> dict[str, Any]:
    """The content of a `results.json`.

    Raises:
        MultibackendError: there is none, or it is something else.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(results.get("findings"), list):
            raise ValueError("no findings in it")
    except (OSError, ValueError, AttributeError) as error:
        raise MultibackendError(
            f"results {path}: {error}; expected a results.json of `multibackend parity`."
        ) from error
    return dict(results)


def find_parting(results: Mapping[str, Any], experiment: str, backends: Sequence[str]) -> Parting | None:
    """Where an experiment first parts between these backends; None where it doesn't.

    Raises:
        MultibackendError: the results say nothing of it.
    """
    findings = [f for f in results["findings"] if f["experiment"] == experiment and set(f["pair"]) <= set(backends)]
    judged = [f for f in findings if f["status"] not in ("not judged", "not run")]
    if not judged:
        raise MultibackendError(
            f"results: nothing judged of {experiment!r}; expected findings of it. Run parity on it."
        )
    for statuses in PARTING:
        parted = [f for f in judged if f["status"] in statuses]
        if parted:
            return _describe(parted, backends)
    return None


def _describe(parted: Sequence[Mapping[str, Any]], backends: Sequence[str]) -> Parting:
    """Of the precision that decides, float64 where it parts too: the first stage, and who is in all its pairs."""
    precisions = {finding["precision"] for finding in parted}
    decides = "float64" if "float64" in precisions else "float32"
    deciding = [finding for finding in parted if finding["precision"] == decides]
    stage = min((finding["stage"] for finding in deciding), key=_rank)
    first = [finding for finding in deciding if finding["stage"] == stage]
    shared = set(backends).intersection(*(finding["pair"] for finding in first))
    suspects = [b for b in backends if b in shared] or [b for b in backends if any(b in f["pair"] for f in first)]
    words = " ".join(f"{finding.get('where', '')} {finding['detail']}" for finding in first)
    ordered = tuple(p for p in ("float32", "float64") if p in precisions)
    return Parting(tuple(suspects), stage, words, ordered)


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)
