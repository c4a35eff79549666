"""D2. Looking inside a model: its layers, its weights, its summary, and the None that stands in all shapes.

The first axis of what a model reads and returns counts rows. How many there are, a model doesn't say: the same
weights serve for one row as for a thousand. Its shapes have None in that place, the batch dimension, until rows are
there to be counted.
"""

import keras
import numpy as np


def build_model() -> keras.Sequential:
    """6 inputs, 8 relu, softmax over 3 classes: 56 + 27 = 83 parameters."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def list_layers(model: keras.Sequential) -> list[tuple[str, int]]:
    """Each layer's class and number of parameters."""
    return [(type(layer).__name__, layer.count_params()) for layer in model.layers]


def list_weight_shapes(model: keras.Sequential) -> list[tuple[int, ...]]:
    """The shape of each array of weights, in the model's order: kernel, bias, kernel, bias, ..."""
    return [tuple(weight.shape) for weight in model.weights]


def write_summary(model: keras.Sequential) -> str:
    """The summary as a text, which `summary` would print."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines)


def output_shapes(model: keras.Sequential, rows: int) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """The output's shape as the model declares it, and the shape of what it returns for so many rows of zeros."""
    returned = model(np.zeros((rows, *model.input_shape[1:])))
    return model.output_shape, tuple(returned.shape)
