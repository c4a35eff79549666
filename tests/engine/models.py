"""Models that together use every feature that the engines promise to train as `fit` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, optimizers, regularizers

from multibackend import Split

ROWS, BATCH = 70, 16  # 5 steps an epoch, the last of 6 rows


def rows(seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs of several kinds, and targets that depend on them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(ROWS, 6))
    score = x @ random.normal(size=(6, 3))
    return {
        "x": x,
        "wide": random.normal(size=(ROWS, 4)),
        "image": random.normal(size=(ROWS, 8, 8, 2)),
        "tokens": random.integers(1, 20, (ROWS, 7)),
        "class": score.argmax(axis=1),
        "one_hot": np.eye(3)[score.argmax(axis=1)],
        "binary": (score[:, :1] > 0).astype("float64"),
        "value": score[:, :1],
        "weights": random.uniform(0.2, 2.0, ROWS),
    }


def _dense(optimizer: Any, **compiled: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    return model


def _net(hidden: list[Any], shape: tuple[int, ...] = (6,), dtype: str | None = None) -> keras.Model:
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *hidden, layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _regression(loss: Any, activation: str = "linear", metrics: Any = ("mae",), rate: float = 0.05) -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(1, activation)])
    model.compile(optimizers.SGD(rate), loss, metrics=list(metrics))
    return model


def _one_hot(loss: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.1), loss, metrics=["accuracy", keras.metrics.AUC(num_thresholds=20)])
    return model


def _two_in_two_out() -> keras.Model:
    first, second = keras.Input((6,), name="first"), keras.Input((4,), name="second")
    joined = layers.Concatenate()([layers.Dense(5, "relu")(first), layers.Dense(5, "tanh")(second)])
    kind = layers.Dense(3, "softmax", name="kind")(joined)
    value = layers.Dense(1, name="value")(joined)
    model = keras.Model([first, second], {"kind": kind, "value": value})
    model.compile(
        optimizers.Adam(0.01),
        loss={"kind": "sparse_categorical_crossentropy", "value": "mse"},
        loss_weights={"kind": 1.0, "value": 0.3},
        metrics={"kind": ["accuracy"], "value": ["mae"]},
    )
    return model


def _attention() -> keras.Model:
    tokens = keras.Input((7,), dtype="int32")
    x = layers.Embedding(20, 8)(tokens)
    x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
    x = layers.GlobalAveragePooling1D()(layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d")(x))
    model = keras.Model(tokens, layers.Dense(3, "softmax")(x))
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Subclassed(keras.Model):
    """A model by subclassing, with a loss of its own added in the call."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(8, "relu"), layers.Dense(3, "softmax")

    def call(self, inputs: Any) -> Any:
        hidden = self.first(inputs)
        self.add_loss(0.01 * keras.ops.mean(keras.ops.square(hidden)))
        return self.second(hidden)


def _subclassed() -> keras.Model:
    model = Subclassed()
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


_SCHEDULES = optimizers.schedules
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: optimizers.SGD(0.1),
    "sgd momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "sgd nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "adam amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.05),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "rmsprop centered": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.1),
    "lion": lambda: optimizers.Lion(0.01),
    "clipnorm": lambda: optimizers.SGD(0.5, clipnorm=0.05),
    "clipvalue": lambda: optimizers.SGD(0.5, clipvalue=0.01),
    "global clipnorm": lambda: optimizers.Adam(0.01, global_clipnorm=0.05),
    "weight decay": lambda: optimizers.SGD(0.1, weight_decay=0.02),
    "ema": lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8),
    "ema overwrite": lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    "exponential decay": lambda: optimizers.SGD(_SCHEDULES.ExponentialDecay(0.1, 4, 0.5)),
    "cosine decay": lambda: optimizers.Adam(_SCHEDULES.CosineDecay(0.02, 12)),
    "cosine with warm-up": lambda: optimizers.SGD(_SCHEDULES.CosineDecay(0.02, 12, warmup_target=0.1, warmup_steps=4)),
    "piecewise decay": lambda: optimizers.SGD(_SCHEDULES.PiecewiseConstantDecay([4, 8], [0.1, 0.05, 0.01])),
}


def _on(x: str, y: str, **more: str) -> Callable[[dict[str, np.ndarray]], Split]:
    return lambda r: Split(r[x], r[y], **{key: r[value] for key, value in more.items()})


Case = tuple[Callable[[], keras.Model], Callable[[dict[str, np.ndarray]], Split]]
CASES: dict[str, Case] = {
    **{name: ((lambda make=make: _dense(make())), _on("x", "class")) for name, make in OPTIMIZERS.items()},
    "attention": (_attention, _on("tokens", "class")),
    "sample weights": (lambda: _dense("sgd"), _on("x", "class", sample_weights="weights")),
    "weighted metrics": (
        lambda: _dense("sgd", weighted_metrics=["accuracy"]),
        _on("x", "class", sample_weights="weights"),
    ),
    "mse, mae": (lambda: _regression("mse"), _on("x", "value")),
    "huber": (lambda: _regression(keras.losses.Huber(0.5)), _on("x", "value")),
    "mean absolute error": (lambda: _regression("mae", metrics=["mse"]), _on("x", "value")),
    "summed loss": (lambda: _regression(keras.losses.MeanSquaredError(reduction="sum"), rate=0.001), _on("x", "value")),
    "binary cross-entropy": (
        lambda: _regression("binary_crossentropy", "sigmoid", ["accuracy", keras.metrics.Precision()]),
        _on("x", "binary"),
    ),
    "categorical cross-entropy, AUC": (lambda: _one_hot("categorical_crossentropy"), _on("x", "one_hot")),
    "label smoothing": (
        lambda: _one_hot(keras.losses.CategoricalCrossentropy(label_smoothing=0.1)),
        _on("x", "one_hot"),
    ),
    "kl divergence": (lambda: _one_hot("kl_divergence"), _on("x", "one_hot")),
    "regularizers": (
        lambda: _net(
            [
                layers.Dense(
                    8,
                    "relu",
                    kernel_regularizer=regularizers.L1L2(0.01, 0.02),
                    activity_regularizer=regularizers.L2(0.01),
                )
            ]
        ),
        _on("x", "class"),
    ),
    "constraint": (
        lambda: _net([layers.Dense(8, "relu", kernel_constraint=keras.constraints.MaxNorm(0.5))]),
        _on("x", "class"),
    ),
    "batch normalization": (
        lambda: _net([layers.Dense(8), layers.BatchNormalization(), layers.ReLU()]),
        _on("x", "class"),
    ),
    "layer normalization": (lambda: _net([layers.Dense(8, "tanh"), layers.LayerNormalization()]), _on("x", "class")),
    "dropout": (
        lambda: _net(
            [layers.Dense(8, "tanh"), layers.Dropout(0.4), layers.Dense(5, "tanh"), layers.GaussianNoise(0.1)]
        ),
        _on("x", "class"),
    ),
    "frozen layer": (lambda: _net([layers.Dense(8, "tanh", trainable=False)]), _on("x", "class")),
    "convolution": (
        lambda: _net(
            [layers.Conv2D(4, 3, padding="same", activation="relu"), layers.MaxPooling2D(), layers.Flatten()], (8, 8, 2)
        ),
        _on("image", "class"),
    ),
    "embedding, lstm": (
        lambda: _net([layers.Embedding(20, 5, mask_zero=True), layers.LSTM(6)], (7,), "int32"),
        _on("tokens", "class"),
    ),
    "gru with dropout": (
        lambda: _net([layers.Embedding(20, 5), layers.GRU(6, dropout=0.2)], (7,), "int32"),
        _on("tokens", "class"),
    ),
    "two inputs, two outputs": (
        _two_in_two_out,
        lambda r: Split({"first": r["x"], "second": r["wide"]}, {"kind": r["class"], "value": r["value"]}),
    ),
    "subclassed, add_loss": (_subclassed, _on("x", "class")),
}
