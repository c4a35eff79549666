"""Lines: a cost as a constant and a cost for each unit, and the distance of the measured costs from that line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def fit_line(sizes: Sequence[float], costs: Sequence[float]) -> dict[str, float]:
    """Fit the line nearest to the costs by relative error, so that small sizes count as much as large ones.

    `largest_residual` is the largest distance of a cost from the line, as a share of that cost.
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    columns = np.stack([np.ones_like(x), x], axis=1)
    (constant, slope), *_ = np.linalg.lstsq(columns / y[:, None], np.ones_like(y), rcond=None)
    residuals = np.abs(constant + slope * x - y) / y
    return {"constant": float(constant), "slope": float(slope), "largest_residual": float(residuals.max())}


def format_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write a Markdown table, the first column aligned to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
