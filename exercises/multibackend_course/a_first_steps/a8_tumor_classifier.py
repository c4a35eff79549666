"""A8. A classifier of tumours: benign or malignant, so two classes, and two neurons at the end.

With its input declared the network is built at once: its 2 x 20 + 20 + 20 x 2 + 2 = 102 weights are there before it
sees any data.
"""

import keras


def build_model() -> keras.Sequential:
    """Size and concentration in, 20 relu, and a softmax over the two classes."""
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
