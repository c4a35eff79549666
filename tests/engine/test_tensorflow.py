"""TensorFlow's two ways to run an epoch: both train as `fit` does, and which of them runs is measured."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from models import BATCH, ROWS
from test_fit import EPOCHS, differences, prepare, train_with_engine, train_with_fit

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.engine.model import parts
from multibackend.engine.payback import Choice
from multibackend.engine.state import save_state
from multibackend.engine.tensorflow import epoch, setup, step
from multibackend.engine.tensorflow.speed import compiler
from multibackend.engine.workarounds import apply_workarounds


def force_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(_: Any, __: Any, ___: Any, compile_slow: Any, ____: Any) -> Choice[Any]:
        return Choice(compile_slow().run, True, {"compiler": "xla"})

    monkeypatch.setattr(compiler, "choose", choose)


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
        how = epoch.compile_epoch(model, split, BATCH, epochs).how
    for a, b in zip(before, save_state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert how["step"] == "graph"
    assert ("compile_seconds" in how) == (epochs > 1)


def test_convolutions_never_meet_xla_on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "choose", lambda *_: pytest.fail("tried"))
    with draws.identical_masks():
        get_engine("tensorflow").configure("float32", threads=1)
        model, split = prepare("convolution")
        assert epoch.compile_epoch(model, split, BATCH, 10**6).how == {"step": "graph", "compiler": "none"}


def test_a_projection_of_a_batch_is_one_product() -> None:
    def batched_products(traced: Callable[[], Any]) -> int:
        nodes = tf.function(traced, autograph=False).get_concrete_function().graph.as_graph_def().node
        return sum(node.op.startswith("BatchMatMul") for node in nodes)

    with draws.identical_masks():
        get_engine("tensorflow").configure("float32", threads=1)
        model, split = prepare("attention")
        data = tuple(map(setup.place, parts(split)))
        assert batched_products(lambda: step._differentiate_loss(model, *data)) > 0  # as in `fit`
        assert batched_products(lambda: step.make_step(model)(data, tf.range(BATCH))) == 0


@pytest.mark.parametrize(
    ("kind", "name", "built", "expected"),
    [
        (None, "", "", "cpu"),
        ("GPU", "NVIDIA H100", "is_cuda_build", "cuda (NVIDIA H100)"),
        ("GPU", "AMD Instinct MI300X", "is_rocm_build", "rocm (AMD Instinct MI300X)"),
        ("GPU", "METAL", "", "metal (METAL)"),
        ("GPU", "another", "", "gpu (another)"),
        ("XPU", "Intel", "", "xpu (Intel)"),
        ("TPU", "v4", "", "tpu (v4)"),
    ],
)
def test_a_device_is_named_for_its_platform(
    kind: str | None, name: str, built: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [SimpleNamespace(device_type="CPU"), *([SimpleNamespace(device_type=kind)] if kind else [])]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: devices)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: {"device_name": name})
    monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: {built: True})
    assert setup.device() == expected
