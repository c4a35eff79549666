"""A network as large as a pretrained one, trained for one step: `multibackend parity benchmarks/large.py:mobilenet`.

Weights and images of 64 x 64 are random. It shows whether such a network goes through all stages of the comparison, and
with how much time and memory.
"""

from __future__ import annotations

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split

ROWS, CLASSES = 8, 1000


def load_data() -> Dataset:
    """Draw one batch to train on, and one to test on."""
    random = np.random.default_rng(0)
    images = random.uniform(-1.0, 1.0, (2 * ROWS, 64, 64, 3))
    classes = random.integers(0, CLASSES, 2 * ROWS)
    return Dataset(Split(images[:ROWS], classes[:ROWS]), Split(images[ROWS:], classes[ROWS:]))


def build_model() -> keras.Model:
    """Build MobileNet (Howard et al., 2017): 4,253,864 parameters."""
    inputs = keras.Input((64, 64, 3))
    model = keras.applications.MobileNet(input_tensor=inputs, weights=None, classes=CLASSES)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    return model


plan = Plan(epochs=1, batch_size=ROWS)
mobilenet = Experiment("mobilenet", build_model, load_data, plan=plan, quick=plan)
