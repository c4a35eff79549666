"""D4. Initial weights, said in three ways: by a name, by an object with settings, by a function of your own.

What an initializer draws depends on the backend, even with a seed: each has a generator of its own. What it draws
*from*, its distribution, doesn't; nor do zeros and constants. The function here asks NumPy, and gives the same
weights everywhere.
"""

from typing import Any

import keras
import numpy as np


def build_by_name() -> keras.Sequential:
    """40 inputs; 50 neurons, kernel uniform in ±0.05; 30, in ±sqrt(6 / 50), after He and others (2015); biases 0."""
    return keras.Sequential(
        [
            keras.Input((40,)),
            keras.layers.Dense(50, kernel_initializer="random_uniform", bias_initializer="zeros"),
            keras.layers.Dense(30, kernel_initializer="he_uniform", bias_initializer="zeros"),
        ]
    )


def build_by_object() -> keras.Sequential:
    """40 inputs; 50 neurons, kernel normal; 30, kernel of columns at right angles, of length 1; biases 0.4."""
    normal = keras.initializers.RandomNormal(mean=0.0, stddev=0.05)
    orthogonal = keras.initializers.Orthogonal(gain=1.0)
    constant = keras.initializers.Constant(0.4)
    return keras.Sequential(
        [
            keras.Input((40,)),
            keras.layers.Dense(50, kernel_initializer=normal, bias_initializer=constant),
            keras.layers.Dense(30, kernel_initializer=orthogonal, bias_initializer=constant),
        ]
    )


def draw_signs(shape: tuple[int, ...], dtype: str | None = None) -> Any:
    """Draw +1 or -1 by NumPy's generator of seed 0, divided by the root of the number of inputs, `shape[0]`."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=shape)
    return keras.ops.convert_to_tensor(signs / np.sqrt(shape[0]), dtype=dtype or keras.config.floatx())


def build_by_function() -> keras.Sequential:
    """40 inputs; 50 neurons whose kernel `draw_signs` draws."""
    return keras.Sequential([keras.Input((40,)), keras.layers.Dense(50, kernel_initializer=draw_signs)])
