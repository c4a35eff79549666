"""E3. A regression network of three layers.

The hidden neurons may be sigmoids; the output may not, for it could never leave the interval from 0 to 1. A quantity
that has no bounds needs a linear output: the weighted sum as it is.
"""

import keras


def build_model() -> keras.Sequential:
    """Five inputs, hidden layers of 8 and 4 sigmoid neurons, one linear output: 48 + 36 + 5 = 89 parameters."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="sigmoid"),
            keras.layers.Dense(4, activation="sigmoid"),
            keras.layers.Dense(1),
        ]
    )


def count_parameters(model: keras.Model) -> list[int]:
    """The number of parameters of each layer, from the first to the last."""
    return [layer.count_params() for layer in model.layers]
