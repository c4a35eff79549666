"""D1. A Sequential model, from a list and layer by layer.

Both ways lead to the same model: a list is handed over whole, `add` puts one layer after the other. Two models have
the same configuration if they have the same layers with the same settings; the names that Keras makes up (dense,
dense_1, ...) are no part of what they compute.
"""

from typing import Any

import keras


def build_from_list() -> keras.Sequential:
    """16 inputs, 32 relu, 8 relu, softmax over 3 classes: 544 + 264 + 27 = 835 parameters."""
    return keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def build_by_adding() -> keras.Sequential:
    """Add the same layers one by one."""
    model = keras.Sequential()
    model.add(keras.Input((16,)))
    for units in (32, 8):
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(3, activation="softmax"))
    return model


def has_same_config(first: keras.Sequential, second: keras.Sequential) -> bool:
    """Tell whether both take the same inputs and have the same layers and settings, whatever their names."""
    return first.input_shape == second.input_shape and _settings(first) == _settings(second)


def _settings(model: keras.Sequential) -> list[tuple[str, dict[str, Any]]]:
    """Each layer's class, and its configuration without a name."""
    return [(type(layer).__name__, {**layer.get_config(), "name": ""}) for layer in model.layers]
