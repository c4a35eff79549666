"""One small experiment, and the same experiment with a fault on one backend, which `parity` must find.

A fault inside a backend is patched into its engine, for the model of that name alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.engine.backends import get_engine

BACKEND = keras.backend.backend()


def load_data() -> Dataset:
    """Draw 100 training rows: 6 batches of 16 and one of 4."""
    generator = np.random.default_rng(4)
    inputs = generator.normal(size=(140, 6))
    classes = (inputs @ generator.normal(size=(6, 3))).argmax(axis=1)
    return Dataset(training=Split(inputs[:100], classes[:100]), test=Split(inputs[100:], classes[100:]))


def build(name: str, *, activation: str = "tanh", rate: float = 0.05, frozen: bool = False) -> keras.Model:
    """Build a model with random numbers and state: orthogonal weights, dropout, batch normalization, momentum."""
    first, second = Detachable(), layers.Dense(3, "softmax")
    first.detached = frozen
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(12, activation, kernel_initializer="orthogonal", name="hidden"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            first,
            second,
        ],
        name=name,
    )
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Detachable(layers.Layer):
    """A scale for each unit, whose gradient can be lost."""

    detached = False

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        """Multiply."""
        return inputs * (keras.ops.stop_gradient(self.scale) if self.detached else self.scale)


def experiment(
    name: str, build_model: Callable[[], keras.Model], data: Callable[[], Dataset] = load_data
) -> Experiment:
    """Make an experiment of two epochs, in either profile."""
    plan = Plan(epochs=2, batch_size=16)
    return Experiment(name, build_model, data, plan, plan)


def _build_with_another_seed() -> keras.Model:
    if BACKEND == "torch":
        random.seed(99)
    return build("another_seed")


def _build_with_wrong_relu() -> keras.Model:
    model = build("wrong_kernel", activation="relu")
    if BACKEND == "tensorflow":
        hidden = model.get_layer("hidden")
        call = hidden.call
        hidden.call = lambda *args, **kwargs: call(*args, **kwargs) * 1.001
    return model


def _build_losing_the_last_batch() -> keras.Model:
    engine: Any = get_engine(BACKEND)
    compile_epoch = engine.compile_epoch

    def compile_losing(model: Any, training: Split, batch_size: int, epochs: int) -> Any:
        epoch = compile_epoch(model, training, batch_size, epochs)
        if model.name != "lost_last_batch":
            return epoch
        return replace(epoch, run=lambda order: epoch(order[: len(order) - len(order) % batch_size]))

    if BACKEND == "jax":
        engine.compile_epoch = compile_losing
    return build("lost_last_batch")


def _load_with_a_wrong_label() -> Dataset:
    data = load_data()
    if BACKEND == "torch":
        data.training.targets[50] = (data.training.targets[50] + 1) % 3  # type: ignore[index]
    return data


clean = experiment("clean", lambda: build("clean"))
wrong_learning_rate = experiment(
    "wrong_learning_rate", lambda: build("wrong_learning_rate", rate=0.05005 if BACKEND == "torch" else 0.05)
)
lost_last_batch = experiment("lost_last_batch", _build_losing_the_last_batch)
swapped_activation = experiment(
    "swapped_activation", lambda: build("swapped", activation="relu" if BACKEND == "jax" else "tanh")
)
wrong_kernel = experiment("wrong_kernel", _build_with_wrong_relu)
another_seed = experiment("another_seed", _build_with_another_seed)
wrong_label = experiment("wrong_label", lambda: build("wrong_label"), _load_with_a_wrong_label)
lost_gradient = experiment("lost_gradient", lambda: build("lost_gradient", frozen=BACKEND == "tensorflow"))
