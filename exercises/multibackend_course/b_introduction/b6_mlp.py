"""B6. A multilayer perceptron: 784 pixels, three hidden layers, ten digits.

A dense layer's parameters are inputs x neurons weights and one bias a neuron. The activations stand as layers of
their own here: they have no parameters, and what a dense layer gives before its activation can be looked at.
"""

import keras


def build_mlp() -> keras.Sequential:
    """784-256-256-128-10: relu after each hidden layer, softmax at the end."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(128),
            keras.layers.Activation("relu"),
            keras.layers.Dense(10),
            keras.layers.Activation("softmax"),
        ]
    )


def count_by_layer(model: keras.Model) -> list[int]:
    """The numbers of parameters of those layers that have any, in order."""
    return [layer.count_params() for layer in model.layers if layer.count_params() > 0]
