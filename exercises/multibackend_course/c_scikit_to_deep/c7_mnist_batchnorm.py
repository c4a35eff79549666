"""C7. Raw pixels, with a normalisation inside the network.

A single dense layer on pixels of 0 to 255 learns badly: inputs so large make every step too long. Here the first layer
normalises each pixel by the mean and variance of the batch, and keeps running averages of both for predicting.
These averages are weights that no gradient changes: 2 x 784 = 1,568 of the 10,986 do not train.
"""

import math

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist


def flatten(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 (rows, 784), still 0 to 255."""
    return images.reshape(len(images), 784).astype("float64")


def load_data() -> Dataset:
    """60,000 images to train on and 10,000 to test on; the digits one-hot, (rows, 10)."""
    x_train, y_train, x_test, y_test = load_mnist()
    one_hot = np.eye(10)
    return Dataset(
        training=Split(flatten(x_train), one_hot[y_train]),
        test=Split(flatten(x_test), one_hot[y_test]),
    )


def build_model() -> keras.Sequential:
    """Batch normalisation of the 784 pixels, then a softmax over 10 digits: 10,986 parameters."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def count_parameters(model: keras.Model) -> dict[str, int]:
    """The number of weights that the gradient changes ("trainable"), and of those that it doesn't ("frozen")."""
    return {
        "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "frozen": sum(math.prod(weight.shape) for weight in model.non_trainable_weights),
    }


experiment = Experiment(
    name="C7",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=1, batch_size=32),
    quick=Plan(epochs=1, batch_size=32, training_rows=12_800, evaluation_rows=2_000),
)
