"""TensorFlow's two ways to run an epoch: both train as `fit` does."""

from __future__ import annotations

import numpy as np
import pytest
from models import ROWS
from test_fit import EPOCHS, differences, train_with_engine, train_with_fit

from multibackend import draws
from multibackend.engine import get_engine
from multibackend.upstream import mended


@pytest.mark.parametrize("steps", [0, 1_000_000], ids=["XLA", "no XLA"])
@pytest.mark.parametrize("case", ["adam", "batch normalization", "dropout", "two inputs, two outputs", "convolution"])
def test_with_and_without_xla(case: str, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = get_engine("tensorflow")
    monkeypatch.setattr(engine, "XLA_STEPS", steps)
    order = draws.batch_order(0, 0, ROWS)
    with mended("tensorflow", "float64", True), draws.identical_masks():
        engine.configure("float64", threads=1)
        _, expected = train_with_fit(case, order)
        trajectory, got = train_with_engine(case, [order] * EPOCHS)
    assert np.isfinite(trajectory.losses).all()
    assert differences(got, expected) < 1e-9
