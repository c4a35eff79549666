"""A small experiment that converges, and the same experiment converging slower or faster on one backend."""

from __future__ import annotations

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split

BACKEND = keras.backend.backend()
RATE = 0.02


def load_data() -> Dataset:
    """Draw a noisy line that isn't yet learned when training ends: a slower training's loss stays above it."""
    generator = np.random.default_rng(8)
    inputs = generator.normal(size=(96, 4))
    targets = inputs @ generator.normal(size=(4, 1)) + 0.3 * generator.normal(size=(96, 1))
    return Dataset(training=Split(inputs[:64], targets[:64]), test=Split(inputs[64:], targets[64:]))


def build(rate: float) -> keras.Model:
    """Build two layers, trained by plain gradient descent."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def experiment(name: str, backend: str, factor: float) -> Experiment:
    """Make an experiment whose learning rate is multiplied on one backend."""
    plan = Plan(epochs=5, batch_size=16)
    rate = RATE * factor if backend == BACKEND else RATE
    return Experiment(name, lambda: build(rate), load_data, plan, plan)


sound = experiment("sound", "jax", 1.0)
slower = experiment("slower", "torch", 0.5)
faster = experiment("faster", "jax", 2.0)
