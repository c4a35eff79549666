"""A1. A layer of neurons.

A dense layer is known by its number of neurons. How many weights it has depends on its inputs too, so that it has none
before it is first called.
"""

import keras


def make_layer() -> keras.layers.Dense:
    """Sixty neurons."""
    return keras.layers.Dense(60)


def count_weights(layer: keras.layers.Dense, inputs: int) -> int:
    """Build the layer for so many inputs: a weight for each input and neuron, and a bias for each neuron."""
    layer.build((None, inputs))
    return layer.count_params()
