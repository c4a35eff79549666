"""B4. A perceptron in Keras, and one layer under three names.

A module may be reached by several ways of importing it. The class that is found is the same object each time, so that
models written in either way are the same models.
"""

import keras
from keras import layers
from keras.layers import Dense


def build_perceptron() -> keras.Sequential:
    """Ten inputs, one sigmoid output: ten weights and a bias."""
    return keras.Sequential([keras.Input((10,)), Dense(1, activation="sigmoid")])


def ways_to_dense() -> list[type]:
    """The dense layer's class, through each of the three imports above."""
    return [keras.layers.Dense, layers.Dense, Dense]


def is_one_class(classes: list[type]) -> bool:
    """Tell whether all of them are the very same object."""
    return all(one is classes[0] for one in classes)
