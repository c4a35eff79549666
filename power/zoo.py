"""The zoo: small models of every kind with their data, for faults and clean runs.

Layers have names, so that a fault's place can be declared. Every training has 6 steps an epoch, the last on half a
batch, and validation rows, as in Keras' own numerical test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
from keras import Sequential, layers, ops, regularizers

from multibackend import Dataset, Plan
from power.samples import load_branches, load_masked, load_pairs, load_weighted, numbers, tokens

PLAN = Plan(epochs=2, batch_size=8)


@dataclass(frozen=True)
class Kind:
    """A model of the zoo: `build` compiles it with an optimizer, `load` draws its data from a seed."""

    build: Callable[[Any], keras.Model]
    load: Callable[[int], Dataset]
    optimizer: str


class Scale(layers.Layer):
    """A user's own layer: a factor for each unit, and a loss that keeps the factors near one."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: Any) -> Any:
        self.add_loss(0.05 * ops.mean(ops.square(inputs * self.factor - inputs * 0.9)))
        return inputs * self.factor


class Residual(keras.Model):
    """A subclassed model, with layers in a list."""

    def __init__(self, name: str = "subclassed", **given: Any) -> None:
        super().__init__(name=name, **given)
        self.inner = layers.Dense(6, "silu", name="inner")
        self.blocks = [layers.Dense(6, "tanh", name="block"), layers.UnitNormalization(name="unit")]
        self.outer = layers.Dense(3, "softmax", name="outer")

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = self.inner(inputs)
        for block in self.blocks:
            x = x + block(x, training=training)
        return self.outer(x)


def compiled(model: keras.Model, optimizer: Any, loss: Any, metrics: Any = None, **settings: Any) -> keras.Model:
    """Compile a model and return it."""
    model.compile(optimizer, loss, metrics=metrics, **settings)
    return model


def sequence(name: str, *parts: Any) -> keras.Model:
    """Make a sequential model of that name."""
    return Sequential(list(parts), name=name)


CLASSES = ("sparse_categorical_crossentropy", ["accuracy"])


def build_dense(optimizer: Any, activation: str = "elu") -> keras.Model:
    hidden = layers.Dense(8, "tanh", kernel_regularizer=regularizers.L2(0.02), name="hidden")
    middle = layers.Dense(6, activation, name="middle")
    output = layers.Dense(3, "softmax", name="output")
    return compiled(sequence("dense", keras.Input((6,)), hidden, middle, output), optimizer, *CLASSES)


def build_normalised(optimizer: Any) -> keras.Model:
    parts = [layers.Dense(8, "relu", name="first"), layers.BatchNormalization(name="norm")]
    parts += [layers.Dropout(0.25, name="dropout"), layers.Dense(3, "softmax", name="output")]
    return compiled(sequence("normalised", keras.Input((6,)), *parts), optimizer, *CLASSES)


def build_convolution(optimizer: Any) -> keras.Model:
    conv = layers.Conv2D(4, 3, padding="same", activation="elu", name="conv")
    parts = [conv, layers.MaxPooling2D(2, padding="same", name="pool"), layers.Flatten(name="flat")]
    model = sequence("convolution", keras.Input((5, 5, 2)), *parts, layers.Dense(3, "softmax", name="output"))
    return compiled(model, optimizer, *CLASSES)


def build_pooling(optimizer: Any, padding: str = "valid", size: int = 2) -> keras.Model:
    parts = [layers.Conv2D(3, 2, activation="tanh", name="conv")]
    parts += [layers.AveragePooling2D(size, padding=padding, name="pool"), layers.Flatten(name="flat")]
    model = sequence("pooling", keras.Input((6, 6, 2)), *parts, layers.Dense(2, name="output"))
    return compiled(model, optimizer, "mse", ["mae"])


def build_resized(optimizer: Any, interpolation: str = "bicubic") -> keras.Model:
    resize = layers.Resizing(7, 7, interpolation=interpolation, name="resize")
    conv = layers.Conv2D(3, 3, strides=2, activation="tanh", name="conv")
    model = sequence("resized", keras.Input((5, 5, 2)), resize, conv, layers.Flatten(name="flat"))
    model.add(layers.Dense(2, name="output"))
    return compiled(model, optimizer, "mse", ["mae"])


def build_offset(optimizer: Any) -> keras.Model:
    parts = [layers.BatchNormalization(name="norm"), layers.Dense(2, name="output")]
    return compiled(sequence("offset", keras.Input((6,)), *parts), optimizer, "mse", ["mae"])


def build_lstm(optimizer: Any) -> keras.Model:
    parts = [layers.Embedding(12, 4, mask_zero=True, name="words"), layers.LSTM(4, name="lstm")]
    model = sequence("lstm", keras.Input((5,), dtype="int32"), *parts, layers.Dense(1, "sigmoid", name="output"))
    return compiled(model, optimizer, "binary_crossentropy", ["accuracy"])


def build_gru(optimizer: Any) -> keras.Model:
    parts = [layers.Masking(name="masking"), layers.GRU(4, return_sequences=True, name="gru")]
    parts += [layers.GlobalAveragePooling1D(name="mean"), layers.Dense(2, name="output")]
    return compiled(sequence("gru", keras.Input((5, 3)), *parts), optimizer, "mse", ["mae"])


def build_attention(optimizer: Any) -> keras.Model:
    words = keras.Input((5,), dtype="int32", name="tokens")
    x = layers.Embedding(12, 6, name="words")(words)
    x = layers.Add(name="sum")([x, layers.MultiHeadAttention(2, 3, dropout=0.1, name="attention")(x, x)])
    x = layers.GlobalAveragePooling1D(name="mean")(layers.LayerNormalization(name="norm")(x))
    model = keras.Model(words, layers.Dense(3, name="output")(x), name="attentive")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return compiled(model, optimizer, loss, ["accuracy"])


def build_branches(optimizer: Any) -> keras.Model:
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    x = layers.Dense(4, "tanh", name="of_left")(left)
    y = layers.Dense(4, "softplus", name="of_right")(right)
    both = layers.Concatenate(name="both")([x, y])
    outputs = {
        "kind": layers.Dense(3, "softmax", name="kind")(both),
        "amount": layers.Dense(1, name="amount")(both),
    }
    model = keras.Model({"left": left, "right": right}, outputs, name="branches")
    losses = {"kind": "sparse_categorical_crossentropy", "amount": "mse"}
    return compiled(model, optimizer, losses, {"kind": ["accuracy"]}, loss_weights={"kind": 1.0, "amount": 0.3})


def build_nested(optimizer: Any) -> keras.Model:
    inner = sequence("encoder", keras.Input((5,)), layers.Dense(6, "silu", name="one"), layers.Dense(4, name="two"))
    inputs = keras.Input((5,), name="inputs")
    x = layers.LayerNormalization(name="norm")(inner(layers.Dense(5, "tanh", name="before")(inputs)))
    model = keras.Model(inputs, layers.Dense(3, "softmax", name="output")(x), name="nested")
    return compiled(model, optimizer, *CLASSES)


def build_shared(optimizer: Any) -> keras.Model:
    one, other = keras.Input((5,), name="one"), keras.Input((5,), name="other")
    shared = layers.Dense(4, "tanh", name="shared")
    gap = layers.Subtract(name="gap")([shared(one), shared(other)])
    near = layers.Dense(1, "sigmoid", name="near")(layers.Multiply(name="square")([gap, gap]))
    return compiled(keras.Model([one, other], near, name="siamese"), optimizer, "binary_crossentropy", ["accuracy"])


def build_subclassed(optimizer: Any) -> keras.Model:
    return compiled(Residual(), optimizer, *CLASSES)


def build_weighted(optimizer: Any) -> keras.Model:
    parts = [layers.Dense(6, "selu", name="hidden"), layers.Dense(2, name="output")]
    model = sequence("weighted", keras.Input((6,)), *parts)
    return compiled(model, optimizer, keras.losses.Huber(0.7), ["mae"], weighted_metrics=["mse"])


def build_added(optimizer: Any, loss: str = "mse") -> keras.Model:
    hidden = layers.Dense(6, "tanh", activity_regularizer=regularizers.L2(0.05), name="hidden")
    model = sequence("added", keras.Input((6,)), hidden, Scale(name="scale"), layers.Dense(2, name="output"))
    return compiled(model, optimizer, loss, ["mae"])


def build_decoder(optimizer: Any) -> keras.Model:
    parts = [layers.Dense(12, "tanh", name="code"), layers.Reshape((2, 2, 3), name="image")]
    parts += [layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="up")]
    parts += [layers.GroupNormalization(2, name="groups"), layers.GlobalMaxPooling2D(name="largest")]
    model = sequence("decoder", keras.Input((6,)), *parts, layers.Dense(2, name="output"))
    return compiled(model, optimizer, "mae", ["mse"])


def build_causal(optimizer: Any) -> keras.Model:
    parts = [layers.Conv1D(4, 2, padding="causal", activation="relu", name="causal")]
    parts += [layers.SeparableConv1D(4, 2, activation="tanh", name="separable"), layers.GlobalMaxPooling1D(name="top")]
    model = sequence("causal", keras.Input((6, 3)), *parts, layers.Dense(3, "softmax", name="output"))
    return compiled(model, optimizer, "sparse_categorical_crossentropy", ["accuracy"])


ZOO: Mapping[str, Kind] = {
    "dense": Kind(build_dense, numbers(6), "momentum"),
    "normalised": Kind(build_normalised, numbers(6), "adam"),
    "convolution": Kind(build_convolution, numbers(5, 5, 2), "rmsprop"),
    "pooling": Kind(build_pooling, numbers(6, 6, 2, targets="numbers"), "adam"),
    "lstm": Kind(build_lstm, tokens(5, 12, "binary"), "momentum"),
    "gru": Kind(build_gru, load_masked, "clipped"),
    "attention": Kind(build_attention, tokens(5, 12, "classes", padded=False), "nesterov"),
    "branches": Kind(build_branches, load_branches, "nadam"),
    "nested": Kind(build_nested, numbers(5), "adamax"),
    "shared": Kind(build_shared, load_pairs, "adagrad"),
    "subclassed": Kind(build_subclassed, numbers(6), "schedule"),
    "weighted": Kind(build_weighted, load_weighted, "rmsprop"),
    "added": Kind(build_added, numbers(6, targets="numbers"), "momentum"),
    "decoder": Kind(build_decoder, numbers(6, targets="numbers"), "adam"),
    "causal": Kind(build_causal, numbers(6, 3), "adamw"),
}
"""The models by name, in the order of the clean runs."""

LIVE: Mapping[str, Kind] = {
    "uneven": Kind(partial(build_pooling, padding="same", size=3), numbers(6, 6, 2, targets="numbers"), "adam"),
    "resized": Kind(build_resized, numbers(5, 5, 2, targets="numbers"), "momentum"),
    "offset": Kind(build_offset, numbers(6, targets="numbers", shift=1e4), "momentum"),
    "gelu": Kind(partial(build_dense, activation="gelu"), numbers(6), "momentum"),
    "log_cosh": Kind(partial(build_added, loss="log_cosh"), numbers(6, targets="numbers"), "momentum"),
}
"""Models in which Keras itself differs between backends: the corpus' live faults."""
