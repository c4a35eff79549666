"""B8. A look at the weights, by a layer's name and by its position.

A name is safer: positions count every layer, those without weights too, and move when one is put in between. A layer
that isn't given a name gets one ("dense", "dense_1", ...) that depends on what the program made before it; hence the
names here.
"""

import keras
import numpy as np


def build_mlp() -> keras.Sequential:
    """The network of B6, its dense layers named "first", "second", "third" and "digits"."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256, name="first"),
            keras.layers.Activation("relu"),
            keras.layers.Dense(256, name="second"),
            keras.layers.Activation("relu"),
            keras.layers.Dense(128, name="third"),
            keras.layers.Activation("relu"),
            keras.layers.Dense(10, name="digits"),
            keras.layers.Activation("softmax"),
        ]
    )


def weights_by_name(model: keras.Model, name: str) -> list[np.ndarray]:
    """Kernel and bias of the layer of that name, as arrays."""
    return model.get_layer(name).get_weights()


def weights_by_position(model: keras.Model, position: int) -> list[np.ndarray]:
    """Kernel and bias of the layer at that position, counted from 0."""
    return model.layers[position].get_weights()


def name_first_with_weights(model: keras.Model) -> str:
    """The name of the first layer that has any."""
    return next(layer.name for layer in model.layers if layer.get_weights())


def shapes(model: keras.Model) -> dict[str, tuple[tuple[int, ...], ...]]:
    """The shapes of each layer's weights, by its name; layers without weights are left out."""
    return {
        layer.name: tuple(array.shape for array in layer.get_weights()) for layer in model.layers if layer.get_weights()
    }
