"""A sweep of one case, as backends that agree would leave it."""

from __future__ import annotations

import numpy as np
import pytest

from multibackend import BACKENDS
from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array
from multibackend.sweep.results import Outcome

CASE = Case("layers.Dense", {"units": 3}, (Array("normal", (4, 2)),))


@pytest.fixture
def case() -> Case:
    return CASE


@pytest.fixture
def outcomes() -> list[Outcome]:
    """Make outcomes of all backends in both precisions; float32 is off by rounding, and moved inputs move as much."""
    g = np.random.default_rng(0)
    exact = {"forward/0": g.normal(size=(4, 3)), "gradient/input 0": g.normal(size=(4, 2))}
    made = []
    for precision in ("float64", "float32"):
        unit = float(np.finfo(precision).eps)
        for backend in BACKENDS:
            arrays, moved = (
                {key: (a * (1 + unit * g.uniform(-1, 1, a.shape))).astype(precision) for key, a in exact.items()}
                for _ in range(2)
            )
            dtypes = dict.fromkeys(arrays, precision)
            made.append(Outcome(str(CASE), backend, precision, dtypes=dtypes, arrays=arrays, moved=moved))
    return made
