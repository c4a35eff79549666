"""Models and data that the course lacks: a larger dense network, a recurrent one, a transformer, a deep one."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_cifar10, load_mnist
from multibackend_course.b_introduction import b9_mnist_mlp

EPOCHS = 20
"""The length of a full training, by which an engine may judge whether a slow compiler pays."""

TOKENS, LENGTH, SEQUENCES = 1_000, 32, 6_400
CLASSES = 10


def compiled(layers: list[Any], optimizer: Any) -> keras.Sequential:
    """Compile a classifier with what all of these have in common: sparse cross-entropy and accuracy."""
    model = keras.Sequential(layers)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# ------------------------------------------------------------------- B12: photographs, dense layers


def load_photographs() -> Dataset:
    """Load CIFAR-10: 50,000 rows (32, 32, 3), scaled to [-1, 1] as B9's; labels (rows, 1)."""
    x_train, y_train, x_test, y_test = load_cifar10()

    def split(images: np.ndarray, labels: np.ndarray) -> Split:
        scaled = images.astype("float32")
        scaled -= 127.5
        scaled /= 127.5
        return Split(scaled, labels.astype("int64"))

    return Dataset(split(x_train, y_train), split(x_test, y_test))


def build_photograph_mlp() -> keras.Sequential:
    """Build B9's layers on 3,072 numbers: 886,666 parameters."""
    hidden = b9_mnist_mlp.build_model().layers[1:]
    return compiled(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Flatten(),
            *(type(layer).from_config(layer.get_config()) for layer in hidden),
        ],
        keras.optimizers.SGD(learning_rate=0.001),
    )


# ----------------------------------------------------------------------------- digits, row by row


def load_digits() -> Dataset:
    """Load MNIST, float32 in [0, 1], (rows, 28, 28): 28 steps of 28 features."""
    x_train, y_train, x_test, y_test = load_mnist()
    return Dataset(_digits(x_train, y_train), _digits(x_test, y_test))


def load_flat_digits() -> Dataset:
    """Load the same digits, (rows, 784)."""
    data = load_digits()
    flat = (Split(s.inputs.reshape(s.rows, -1), s.targets) for s in (data.training, data.test))
    return Dataset(*flat)


def _digits(images: np.ndarray, labels: np.ndarray) -> Split:
    return Split(images.astype("float32") / 255, labels.astype("int64"))


def build_gru() -> keras.Sequential:
    """Build GRU(64) over the rows of a digit, then a softmax: 18,698 parameters."""
    layers = [keras.Input((28, 28)), keras.layers.GRU(64), keras.layers.Dense(CLASSES, "softmax")]
    return compiled(layers, "adam")


def build_deep() -> keras.Sequential:
    """Build 30 hidden layers of 32 units: little arithmetic in many operations; tanh, as relu dies at this depth."""
    hidden = [keras.layers.Dense(32, "tanh") for _ in range(30)]
    return compiled([keras.Input((784,)), *hidden, keras.layers.Dense(CLASSES, "softmax")], "adam")


# ------------------------------------------------------------------------------------ transformer


def load_sequences() -> Dataset:
    """Draw tokens (rows, 32), int32; each token votes for the classes, and the class with most votes is the label."""
    generator = np.random.default_rng(0)
    votes = generator.normal(size=(TOKENS, CLASSES))
    tokens = generator.integers(0, TOKENS, (SEQUENCES + 1_000, LENGTH), dtype=np.int32)
    labels = votes[tokens].sum(axis=1).argmax(axis=-1)
    return Dataset(Split(tokens[:SEQUENCES], labels[:SEQUENCES]), Split(tokens[SEQUENCES:], labels[SEQUENCES:]))


def build_transformer() -> keras.Model:
    """Build one encoder block, normalised after each sum, between an embedding of 64 and a softmax."""
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = keras.layers.Embedding(TOKENS, 64)(tokens)
    attended = keras.layers.MultiHeadAttention(num_heads=4, key_dim=16)(x, x)
    x = keras.layers.LayerNormalization()(keras.layers.Add()([x, attended]))
    hidden = keras.layers.Dense(64)(keras.layers.Dense(128, "relu")(x))
    x = keras.layers.LayerNormalization()(keras.layers.Add()([x, hidden]))
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = keras.Model(tokens, keras.layers.Dense(CLASSES, "softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _experiment(name: str, build: Any, load: Any, batch_size: int) -> Experiment:
    plan = Plan(epochs=EPOCHS, batch_size=batch_size)
    return Experiment(name, build, load, plan, plan)


photographs = _experiment("B12", build_photograph_mlp, load_photographs, 64)
gru = _experiment("gru", build_gru, load_digits, 64)
transformer = _experiment("transformer", build_transformer, load_sequences, 32)
deep = _experiment("deep", build_deep, load_flat_digits, 64)
