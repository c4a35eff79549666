"""`results.json`: everything found, in strict JSON for other programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from multibackend import BACKENDS, __version__
from multibackend.compare import PRECISIONS, STAGES, Comparison

RESULTS_SCHEMA_VERSION = 1


def build_results(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values. NaN and infinity, which JSON has not, become "nan", "inf" and "-inf"."""
    first = [
        finding
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
    results: dict[str, Any] = _clean(
        {
            "schema_version": RESULTS_SCHEMA_VERSION,
            "multibackend": __version__,
            "passed": comparison.passed,
            "backends": BACKENDS,
            "stages": STAGES,
            "verdicts": verdicts,
            "first_failures": [asdict(finding) for finding in first],
            **asdict(comparison),
        }
    )
    return results


def format_results(comparison: Comparison) -> str:
    """The text of `results.json`."""
    return json.dumps(build_results(comparison), indent=2, allow_nan=False) + "\n"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
