"""A7. The last layer of a classifier: one neuron a class, and softmax over them.

Softmax looks at all neurons of the layer at once: each one's output depends on the others' sums, and together the
outputs make 1. The class that is answered is the most probable one.
"""

import keras
import numpy as np


def make_layer() -> keras.layers.Dense:
    """Ten neurons, whose outputs are probabilities of ten classes."""
    return keras.layers.Dense(10, activation="softmax")


def choose_classes(probabilities: np.ndarray) -> np.ndarray:
    """The most probable class of each row, (rows,) from (rows, classes)."""
    return probabilities.argmax(axis=-1)
