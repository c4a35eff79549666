"""B5. One perceptron, three ways to write it.

Sequential is a list of layers, one after the other. In the functional API layers are called on what comes before
them, so that a model may branch and join. A class of one's own says in Python what happens; it has no weights before
it is first called, since only then it knows its inputs.
"""

import keras
import numpy as np


def build_sequential() -> keras.Sequential:
    """The perceptron of B4: ten inputs, one sigmoid output."""
    return keras.Sequential([keras.Input((10,)), keras.layers.Dense(1, activation="sigmoid")])


def build_functional() -> keras.Model:
    """The same, each layer called on what comes before it."""
    inputs = keras.Input((10,))
    outputs = keras.layers.Dense(1, activation="sigmoid")(inputs)
    return keras.Model(inputs, outputs)


class Perceptron(keras.Model):
    """The same, as a class: layers in `__init__`, what they do with the inputs in `call`."""

    def __init__(self) -> None:
        super().__init__()
        self.neuron = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Rows of inputs, (rows, 10), to outputs, (rows, 1)."""
        return self.neuron(inputs)


def share_weights(models: list[keras.Model]) -> None:
    """Give all models the weights of the first, each after a call on a row of zeros, which creates what it has."""
    row = np.zeros((1, 10), "float32")
    for model in models:
        model(row)
        model.set_weights(models[0].get_weights())
