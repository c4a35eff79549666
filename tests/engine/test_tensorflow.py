"""TensorFlow's two ways to run an epoch: both train as `fit` does, and which of them runs is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from models import BATCH, ROWS
from test_fit import EPOCHS, differences, prepare, train_with_engine, train_with_fit

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.engine.state import save_state
from multibackend.engine.tensorflow import engine
from multibackend.engine.workarounds import apply_workarounds


def force_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(_: Any, __: Any, ___: Any, compile_slow: Any, ____: Any) -> Any:
        return compile_slow(), {"compiler": "xla"}

    monkeypatch.setattr(engine, "choose", choose)


@pytest.mark.parametrize("case", ["adam", "batch normalization", "dropout", "two inputs, two outputs", "attention"])
def test_under_xla_it_trains_as_fit_does(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    force_xla(monkeypatch)  # trainings as short as those of test_fit.py run without it
    order = draws.batch_order(0, 0, ROWS)
    with apply_workarounds("tensorflow", "float64", True), draws.identical_masks():
        get_engine("tensorflow").configure("float64", threads=1)
        _, expected = train_with_fit(case, order)
        trajectory, got = train_with_engine(case, [order] * EPOCHS)
    assert np.isfinite(trajectory.losses).all()
    assert differences(got, expected) < 1e-9


@pytest.mark.parametrize("epochs", [1, 10**6], ids=["too short to try", "tried"])
def test_choosing_changes_no_variable(epochs: int) -> None:
    with draws.identical_masks():
        get_engine("tensorflow").configure("float32", threads=1)
        model, split = prepare("batch normalization")
        before = save_state(model)
        how = engine.compile_epoch(model, split, BATCH, epochs).how
    for a, b in zip(before, save_state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert how["step"] == "graph"
    assert ("compile_seconds" in how) == (epochs > 1)


def test_convolutions_never_meet_xla_on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "choose", lambda *_: pytest.fail("tried"))
    with draws.identical_masks():
        get_engine("tensorflow").configure("float32", threads=1)
        model, split = prepare("convolution")
        assert engine.compile_epoch(model, split, BATCH, 10**6).how == {"step": "graph", "compiler": "none"}


def test_a_projection_of_a_batch_is_one_product() -> None:
    def batched_products(traced: Callable[[], Any]) -> int:
        nodes = tf.function(traced, autograph=False).get_concrete_function().graph.as_graph_def().node
        return sum(node.op.startswith("BatchMatMul") for node in nodes)

    with draws.identical_masks():
        get_engine("tensorflow").configure("float32", threads=1)
        model, split = prepare("attention")
        data = engine._on_device(split)
        assert batched_products(lambda: engine._differentiate(model, *data)) > 0  # as in `fit`
        assert batched_products(lambda: engine._step(model, data, tf.range(BATCH))) == 0
