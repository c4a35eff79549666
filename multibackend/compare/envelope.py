"""The envelope: how far rounding error carries a result, measured on the *other* participants. NumPy only.

It is leave-one-out, so that a faulty participant can't widen its own bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from multibackend.compare.measures import Vector
from multibackend.compare.participants import Pair


def find_envelope(reached: Mapping[str, Sequence[Vector]], pair: Pair) -> Vector:
    """Find the smaller of a pair's two envelopes, step by step.

    `reached` holds, for each participant, how far each of its runs lies from the truth, each of shape (steps,) or (1,).
    The envelope of a participant is the largest distance that the others' runs reach; zero where there is none.
    """
    return np.minimum(
        *(_find_largest([v for other in reached if other != one for v in reached[other]]) for one in pair)
    )


def _find_largest(distances: Sequence[Vector]) -> Vector:
    return np.max(np.stack(np.broadcast_arrays(*distances)), axis=0) if distances else np.zeros(1)
