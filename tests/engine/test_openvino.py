"""The OpenVINO engine, in its own environment: outputs layer by layer, and what it can't do."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from keras import layers

from multibackend import Split, Unsupported, draws
from multibackend.engine.backends import get_engine, get_training_engine
from multibackend.engine.loop import predict
from multibackend.engine.model import build_model
from multibackend.engine.workarounds import apply_workarounds

ENGINE = get_engine("openvino")
ROUNDING = 1e-6
"""Relative: a few roundings of float32 in each layer."""


@pytest.fixture(autouse=True)
def _float32() -> Iterator[None]:
    with apply_workarounds("openvino", "float32", True), draws.identical_masks():
        ENGINE.configure("float32", threads=1)
        yield


def make(*between: keras.layers.Layer, shape: tuple[int, ...] = (5,)) -> tuple[keras.Model, Split]:
    def build() -> keras.Model:
        model = keras.Sequential([keras.Input(shape), *between, layers.Flatten(), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    g = np.random.default_rng(0)
    rows = Split(g.normal(size=(8, *shape)).astype("float32"), g.integers(0, 3, 8))
    with draws.initial_weights(1):
        return build_model(build, rows), rows


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_each_layers_output_is_that_of_its_formula() -> None:
    model, rows = make(layers.Dense(4, "tanh", name="hidden"))
    first, last = (layer.get_weights() for layer in model.layers if layer.get_weights())
    outputs = ENGINE.compile_forward(model)(rows.inputs)
    hidden = np.tanh(rows.inputs @ first[0] + first[1])
    np.testing.assert_allclose(outputs[model.get_layer("hidden").path], hidden, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(outputs["output.0"], softmax(hidden @ last[0] + last[1]), rtol=ROUNDING)


def test_fixed_shapes_give_right_numbers_too() -> None:
    """A convolution, ReLU and pooling in a row are wrong on fixed shapes: docs/upstream/openvino_fixed_shapes.py."""
    model, rows = make(
        layers.Conv1D(4, 3, name="conv"), layers.ReLU(), layers.MaxPooling1D(2, name="pool"), shape=(9, 2)
    )
    outputs = ENGINE.compile_forward(model)(rows.inputs)
    kernel, bias = model.get_layer("conv").get_weights()
    windows = np.stack([rows.inputs[:, i : i + 3] for i in range(7)], 1)
    convolved = np.maximum(np.einsum("bwkc,kco->bwo", windows, kernel) + bias, 0)[:, :6]
    pooled = convolved.reshape(8, 3, 2, 4).max(2)
    np.testing.assert_allclose(outputs["pool"], pooled, rtol=ROUNDING, atol=ROUNDING)


def test_other_weights_give_other_outputs_and_predictions() -> None:
    model, rows = make()
    forward = ENGINE.compile_forward(model)
    before = forward(rows.inputs)["output.0"], predict(model, rows.inputs)["0"]
    model.set_weights([weight * 2 + 1 for weight in model.get_weights()])
    after = forward(rows.inputs)["output.0"], predict(model, rows.inputs)["0"]
    for old, new in zip(before, after, strict=True):
        assert np.abs(old - new).max() > 0.01
    np.testing.assert_allclose(*after, rtol=ROUNDING)


def test_a_regularized_model_is_built() -> None:
    model, rows = make(layers.Dense(4, kernel_regularizer="l2", name="hidden"))
    assert ENGINE.compile_forward(model)(rows.inputs)[model.get_layer("hidden").path].shape == (8, 4)


def test_float64_and_training_are_refused_in_a_line() -> None:
    with pytest.raises(Unsupported, match="'openvino': can't compute in float64"):
        ENGINE.configure("float64", threads=1)
    with pytest.raises(Unsupported, match="'openvino': can't compute gradients"):
        get_training_engine("openvino")
    assert keras.config.floatx() == "float32"


def test_the_device_is_named() -> None:
    assert ENGINE.device() == "cpu"
