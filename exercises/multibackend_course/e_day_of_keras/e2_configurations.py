"""E2. Three layers and their configurations.

A configuration is all that a layer was told when it was made: units, activation, how weights are to be drawn. It
holds no weights and, in Keras 3, no inputs: these are the model's matter. From its configuration, a layer can be made
again.
"""

from typing import Any

import keras


def make_layers() -> list[keras.layers.Dense]:
    """Eight, four and one sigmoid neurons."""
    return [
        keras.layers.Dense(8, activation="sigmoid"),
        keras.layers.Dense(4, activation="sigmoid"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]


def read_configurations(layers: list[keras.layers.Layer]) -> list[dict[str, Any]]:
    """Each layer's configuration."""
    return [layer.get_config() for layer in layers]


def build_model() -> keras.Sequential:
    """The three layers, on five inputs."""
    return keras.Sequential([keras.Input((5,)), *make_layers()])


def copy_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A new layer of the same class and configuration, without weights."""
    return type(layer).from_config(layer.get_config())
