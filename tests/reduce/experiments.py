"""Small experiments to reduce: one differs in Keras itself, and one where an activation is patched."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from multibackend import Dataset, Experiment, Plan, Split

PLAN = Plan(epochs=1, batch_size=8)


class Scale(layers.Layer):
    """A layer of a user's own: a factor for each unit."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the factors."""
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: object) -> object:
        """Multiply, then bend what is negative."""
        return keras.activations.elu(inputs * self.factor)


def load_data() -> Dataset:
    """Small images with a number each."""
    generator = np.random.default_rng(6)
    inputs, targets = generator.normal(size=(24, 4, 4, 1)), generator.normal(size=(24, 1))
    return Dataset(training=Split(inputs[:16], targets[:16]), test=Split(inputs[16:], targets[16:]))


def build_pooled() -> keras.Model:
    """Average pooling whose padding is uneven, between layers that have nothing to do with it."""
    parts = [layers.Conv2D(2, 2, padding="same", activation="tanh"), layers.AveragePooling2D(3, 2, padding="same")]
    model = keras.Sequential([keras.Input((4, 4, 1)), *parts, layers.Flatten(), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def build_scaled() -> keras.Model:
    """A layer of one's own between others."""
    parts = [layers.Flatten(), layers.Dense(4, "tanh"), Scale(name="scale"), layers.Dense(1)]
    model = keras.Sequential([keras.Input((4, 4, 1)), *parts])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


pooled = Experiment("pooled", build_pooled, load_data, PLAN, PLAN)
scaled = Experiment("scaled", build_scaled, load_data, PLAN, PLAN)
