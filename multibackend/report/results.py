"""`results.json`: everything found, in strict JSON for other programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from multibackend import __version__
from multibackend.compare import PRECISIONS, STAGES, Comparison
from multibackend.report.files import as_json, format_json

RESULTS_SCHEMA_VERSION = 2


def build_results(comparison: Comparison) -> dict[str, Any]:
    """Turn the comparison into JSON values: see `as_json`."""
    first = [
        {**asdict(finding), "suspects": comparison.find_suspects(experiment, precision)}
        for experiment in comparison.experiments
        for precision in PRECISIONS
        for finding in comparison.first_failures(experiment, precision)
    ]
    verdicts = {
        experiment: {
            precision: comparison.verdict(experiment, precision)
            for precision in PRECISIONS
            if comparison.select(experiment, precision)
        }
        for experiment in comparison.experiments
    }
    results: dict[str, Any] = as_json(
        {
            "schema_version": RESULTS_SCHEMA_VERSION,
            "multibackend": __version__,
            "passed": comparison.passed,
            "participants": comparison.participants,
            "stages": STAGES,
            "verdicts": verdicts,
            "first_failures": first,
            **asdict(comparison),
        }
    )
    return results


def format_results(comparison: Comparison) -> str:
    """Format `results.json`."""
    return format_json(build_results(comparison))
