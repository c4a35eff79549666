"""A sweep of one case, as three backends that agree would leave it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from multibackend import BACKENDS
from multibackend.sweep.case import Array, Case
from multibackend.sweep.results import Outcome

CASE = Case("layers.Dense", {"units": 3}, (Array("normal", (4, 2)),))


@pytest.fixture
def case() -> Case:
    return CASE


@pytest.fixture
def outcomes() -> list[Outcome]:
    """Of all backends and both precisions; float32 is off by rounding, and moved inputs move results by about as much."""
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
            dtypes = {key: precision for key in arrays}
            made.append(Outcome(str(CASE), backend, precision, dtypes=dtypes, arrays=arrays, moved=moved))
    return made


def alter(outcomes: list[Outcome], backend: str, precision: str, **changes: object) -> list[Outcome]:
    """The same outcomes with fields of one changed; a dict is merged."""
    altered = []
    for one in outcomes:
        if (one.backend, one.precision) == (backend, precision):
            merged = {k: {**getattr(one, k), **v} if isinstance(v, dict) else v for k, v in changes.items()}
            one = replace(one, **merged)
        altered.append(one)
    return altered
