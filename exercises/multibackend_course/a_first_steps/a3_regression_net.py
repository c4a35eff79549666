"""A3. A network for a regression: a hidden layer that bends, an output that is any number.

The output has no activation. A price may be 3 or 3,000,000 or, standardised, -1.5; relu would never give the last,
nor a sigmoid the first two.
"""

import keras


def build_model(inputs: int) -> keras.Sequential:
    """Hidden layer of 30 relu, then 1 linear output; on 2 inputs 2 x 30 + 30 + 30 + 1 = 121 parameters."""
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(30, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def count_parameters(inputs: int, hidden: int, outputs: int) -> int:
    """Count the parameters of two dense layers: each neuron has a weight for each of its inputs, and a bias."""
    return (inputs + 1) * hidden + (hidden + 1) * outputs
