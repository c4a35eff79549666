"""Random rows: they fit the model's inputs, outputs and loss, and any model can be trained on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from multibackend import MultibackendError
from multibackend.draws.rows import FREE_SIZE, TEST_ROWS, draw_dataset
from multibackend.experiments.arrays import leaves
from multibackend.train.describe import digest_data


def net(loss: Any, units: int = 3, activation: str = "softmax", **inputs: Any) -> keras.Model:
    model = keras.Sequential([keras.Input(**{"shape": (4,), **inputs}), layers.Dense(units, activation)])
    model.compile("sgd", loss)
    return model


class MyLoss(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def is_one_hot(y: np.ndarray) -> bool:
    return bool((np.sort(y, axis=-1) == [0, 0, 1]).all())


def is_class(y: np.ndarray) -> bool:
    return y.dtype.kind == "i" and set(y.ravel()) == {0, 1, 2}


def is_zero_or_one(y: np.ndarray) -> bool:
    return set(y.ravel()) == {0.0, 1.0} and y.dtype.kind == "f"


def is_positive(y: np.ndarray) -> bool:
    return bool((y >= 0.5).all())


def is_normal(y: np.ndarray) -> bool:
    return y.min() < -1 and y.max() > 1


@pytest.mark.parametrize(
    ("loss", "shape", "fits"),
    [
        ("sparse_categorical_crossentropy", (70,), is_class),
        (keras.losses.SparseCategoricalCrossentropy(), (70,), is_class),
        (keras.losses.sparse_categorical_crossentropy, (70,), is_class),
        ("categorical_crossentropy", (70, 3), is_one_hot),
        (keras.losses.CategoricalFocalCrossentropy(), (70, 3), is_one_hot),
        ("kl_divergence", (70, 3), is_one_hot),
        ("binary_crossentropy", (70, 3), is_zero_or_one),
        ("hinge", (70, 3), is_zero_or_one),
        ("poisson", (70, 3), is_positive),
        ("msle", (70, 3), is_positive),
        ("mse", (70, 3), is_normal),
        (keras.losses.Huber(), (70, 3), is_normal),
        (MyLoss(), (70, 3), is_normal),
        (lambda y_true, y_pred: keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1), (70, 3), is_normal),
    ],
)
def test_targets_fit_the_loss(loss: Any, shape: tuple[int, ...], fits: Callable[[np.ndarray], bool]) -> None:
    data = draw_dataset(net(loss), batch_size=16)
    targets = np.asarray(data.training.targets)
    assert targets.shape == shape
    assert fits(targets)
    assert (data.training.rows, data.test.rows) == (70, TEST_ROWS)  # four batches of 16 and one of 6
    assert "random rows" in data.origin


@pytest.mark.parametrize(
    ("dtype", "least", "most"), [("int32", 0, 1), ("uint8", 0, 255), ("bool", False, True), ("float32", -3, 3)]
)
def test_inputs_fit_their_dtype(dtype: str, least: float, most: float) -> None:
    inputs = keras.Input((200,), dtype=dtype)
    model = keras.Model(inputs, layers.Dense(1)(keras.ops.cast(inputs, "float32")))
    model.compile("sgd", "mse")
    x = np.asarray(draw_dataset(model, 16).training.inputs)
    assert x.dtype == ("float64" if dtype == "float32" else dtype)
    assert x.min() <= least
    assert x.max() >= most
    if dtype != "float32":
        assert (x.min(), x.max()) == (least, most)


class Tokens(layers.Layer):
    """Holds its Embedding inside, as layers of positions and tokens do."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = layers.Embedding(50, 4), layers.Embedding(9, 4)

    def call(self, x: Any) -> Any:
        return self.tokens(x) + self.positions(keras.ops.arange(keras.ops.shape(x)[-1]))


def test_tokens_are_those_that_the_embedding_knows() -> None:
    small, large = keras.Input((5,), dtype="int32", name="small"), keras.Input((None,), dtype="int32", name="large")
    parts = [
        layers.Flatten()(layers.Embedding(3, 2)(small)),
        layers.GlobalAveragePooling1D()(layers.Embedding(400, 2)(large)),
    ]
    model = keras.Model({"small": small, "large": large}, layers.Dense(1)(layers.Concatenate()(parts)))
    model.compile("sgd", "mse")
    inputs = dict(leaves(draw_dataset(model, 16).training.inputs))
    assert inputs["small"].max() == 2
    assert 300 < inputs["large"].max() < 400
    assert inputs["large"].shape == (70, FREE_SIZE)

    x = keras.Input((8,), dtype="int32")
    hidden = keras.Model(x, layers.Dense(1)(layers.Flatten()(Tokens()(x))))
    hidden.compile("sgd", "mse")
    assert np.asarray(draw_dataset(hidden, 16).training.inputs).max() == 8  # what both Embeddings inside know


def two_outputs(names: bool, loss: Any) -> keras.Model:
    x = keras.Input((4,))
    kind, value = layers.Dense(3, "softmax", name="kind")(x), layers.Dense(1, name="a_value")(x)
    model = keras.Model([x], {"kind": kind, "a_value": value} if names else [kind, value])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("names", "loss"),
    [
        (True, {"kind": "sparse_categorical_crossentropy", "a_value": "mse"}),
        (False, ["sparse_categorical_crossentropy", "mse"]),
        (False, {"kind": "sparse_categorical_crossentropy", "a_value": "mse"}),
    ],
)
def test_each_output_has_its_own_targets_and_the_model_trains_on_them(names: bool, loss: Any) -> None:
    model = two_outputs(names, loss)
    data = draw_dataset(model, 16).astype("float32").training
    kind, value = (dict(leaves(data.targets))[key] for key in (("kind", "a_value") if names else ("0", "1")))
    assert is_class(kind)
    assert kind.shape == (70,)
    assert is_normal(value)
    assert value.shape == (70, 1)
    assert np.isfinite(model.train_on_batch(data.inputs, data.targets, return_dict=True)["loss"])


def test_rows_are_the_same_each_time_and_others_to_test_on() -> None:
    model = net("mse")
    once, again = draw_dataset(model, 16), draw_dataset(model, 16)
    assert digest_data(once) == digest_data(again)
    assert digest_data(once)["origin"] == once.origin
    assert digest_data(once) != digest_data(draw_dataset(model, 32))
    assert not np.array_equal(np.asarray(once.training.inputs)[:TEST_ROWS], once.test.inputs)


class Unbuilt(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def test_a_model_without_shapes_says_what_to_add() -> None:
    model = Unbuilt()
    model.compile("sgd", "mse")
    unknown = keras.Sequential([layers.Dense(1)])
    unknown.compile("sgd", "mse")
    for shapeless in (model, unknown):
        with pytest.raises(MultibackendError, match=r"has no known input shape .*; add load_data\(\)") as caught:
            draw_dataset(shapeless, 16)
        assert "\n" not in str(caught.value)
