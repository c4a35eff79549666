"""Curves: the points of a long training that make the same picture.

Drawing all of 14,080 steps takes half as long again (1.1 s of one core, not 0.74), and Matplotlib can't draw a noisy
line of a million points at all ("Exceeded cell block limit").
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MOST_BINS = 600
"""A panel is about so many pixels wide: more than the lowest and highest point of a column can't be seen."""

Points = npt.NDArray[Any]


def thin(steps: Points, values: Points) -> tuple[Points, Points]:
    """Keep the lowest and highest point of each of `MOST_BINS` equal stretches, and its first that isn't finite.

    `steps` and `values` have shape (points,); a short curve comes back whole.
    """
    if len(values) <= 2 * MOST_BINS:
        return steps, values
    width = -(-len(values) // MOST_BINS)
    padded = np.pad(values.astype(np.float64), (0, -len(values) % width), mode="edge").reshape(-1, width)
    gaps = ~np.isfinite(padded)
    lowest = np.where(gaps, np.inf, padded).argmin(axis=1)
    highest = np.where(gaps, -np.inf, padded).argmax(axis=1)
    first = np.arange(len(padded)) * width
    chosen = np.concatenate([first + lowest, first + highest, first + gaps.argmax(axis=1), [len(values) - 1]])
    chosen = np.unique(np.minimum(chosen, len(values) - 1))
    return steps[chosen], values[chosen]
