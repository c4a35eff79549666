"""The engines train exactly as `keras.Model.fit` does: same order of rows, same numbers.

Both train in float64, where rounding can't hide a difference: a bound of 1e-9 is far above rounding
(1e-12 after these ten steps, worst for a square root near zero) and far below any other step's effect.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from models import BATCH, CASES, ROWS, rows

from multibackend import Split, draws
from multibackend.engine import loop
from multibackend.engine.backends import get_engine
from multibackend.engine.model import build_model, parts
from multibackend.engine.state import save_state
from multibackend.engine.workarounds import apply_workarounds

EPOCHS = 2


def train_with_fit(case: str, order: np.ndarray) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    model, split = prepare(case)
    x, y, weights = parts(split.take(order))
    history = model.fit(x, y, BATCH, EPOCHS, verbose=0, shuffle=False, sample_weight=weights).history
    return history, save_state(model)


def train_with_engine(case: str, orders: list[np.ndarray]) -> tuple[loop.Trajectory, list[np.ndarray]]:
    model, split = prepare(case)
    epoch = get_engine(keras.backend.backend()).compile_epoch(model, split, BATCH, EPOCHS)
    trajectory = loop.train(model, epoch, orders, None)
    return trajectory, save_state(model)


def prepare(case: str) -> tuple[keras.Model, Split]:
    build, select = CASES[case]
    split = select(rows()).astype(keras.config.floatx())
    with draws.initial_weights(1):
        return build_model(build, split.take(slice(0, BATCH))), split


def differences(got: list[np.ndarray], expected: list[np.ndarray]) -> float:
    assert [array.shape for array in got] == [array.shape for array in expected]
    pairs = ((np.asarray(a, float), np.asarray(b, float)) for a, b in zip(got, expected, strict=True))
    return max(float(np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0)) for a, b in pairs)


@pytest.mark.parametrize("case", CASES)
def test_engine_equals_fit(case: str, backend: str) -> None:
    order = draws.batch_order(0, 0, ROWS)
    with apply_workarounds(backend, "float64", True), draws.identical_masks():
        get_engine(backend).configure("float64", threads=1)
        history, expected = train_with_fit(case, order)
        trajectory, got = train_with_engine(case, [order] * EPOCHS)
    assert trajectory.losses.shape == (EPOCHS * -(-ROWS // BATCH),)
    assert trajectory.losses.dtype == np.float64
    assert trajectory.history.keys() == history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(trajectory.history[name], np.asarray(values, float), rtol=1e-9, err_msg=name)
    assert differences(got, expected) < 1e-9


@pytest.mark.parametrize("case", ["adam", "batch normalization", "dropout"])
def test_the_comparison_with_fit_notices_a_lost_batch(case: str, backend: str) -> None:
    order = draws.batch_order(0, 0, ROWS)
    with apply_workarounds(backend, "float64", True), draws.identical_masks():
        get_engine(backend).configure("float64", threads=1)
        _, expected = train_with_fit(case, order)
        _, got = train_with_engine(case, [order, order[: ROWS - ROWS % BATCH]])
    assert differences(got, expected) > 1e-4


@pytest.mark.parametrize("case", ["adam", "convolution"])
def test_engine_equals_fit_in_float32(case: str, backend: str) -> None:
    # float32, as users train: ten steps of rounding; kernels fused by a compiler round otherwise than eager ones.
    order = draws.batch_order(0, 0, ROWS)
    with draws.identical_masks():
        get_engine(backend).configure("float32", threads=1)
        _, expected = train_with_fit(case, order)
        trajectory, got = train_with_engine(case, [order] * EPOCHS)
    assert trajectory.losses.dtype == np.float32
    assert differences(got, expected) < 2e-5


class RowsSeen(keras.metrics.Metric):
    """Counts the rows of an epoch; its result is its variable."""

    def __init__(self) -> None:
        super().__init__(name="rows_seen")
        self.seen = self.add_weight(shape=(), initializer="zeros", name="seen")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        del y_true, sample_weight
        self.seen.assign_add(keras.ops.sum(keras.ops.ones_like(y_pred[:, 0])))

    def result(self) -> Any:
        return keras.ops.convert_to_tensor(self.seen)


def _counting_rows() -> keras.Model:
    model = CASES["adam"][0]()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", RowsSeen()])
    return model


def test_results_read_while_the_next_epoch_is_computed(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    get_engine(backend).configure("float32", threads=1)
    split = CASES["adam"][1](rows()).astype("float32")
    orders = [np.arange(length, dtype=np.int32) for length in (70, 48, 70, 70, 48)]
    trajectories, told = [], list[int]()
    for short_epoch in (0.0, np.inf):
        monkeypatch.setattr(loop, "SHORT_EPOCH", short_epoch)
        with draws.initial_weights(1):
            model = build_model(_counting_rows, split.take(slice(0, BATCH)))
        epoch = get_engine(backend).compile_epoch(model, split, BATCH, len(orders))
        trajectories.append(loop.train(model, epoch, orders, None, lambda number, _: told.append(number)))
    at_once, later = trajectories
    assert at_once.history["rows_seen"] == [len(order) for order in orders]
    assert later.history == at_once.history
    np.testing.assert_array_equal(later.losses, at_once.losses)
    assert told == [1, 2, 3, 4, 5] * 2
