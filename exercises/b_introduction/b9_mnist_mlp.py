"""B9. Handwritten digits with a dense network: the first complete training.

Pixels are brought from 0..255 to [-1, 1]. A quarter of the training images is set aside to validate on after each
epoch; the test images are looked at once, at the end. The loss judges the probabilities, the accuracy only which
digit is the likeliest, so that one may improve while the other does not.
"""

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.data import load_mnist

TRAINING_ROWS = 45_000


def scale(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 in [-1, 1], (rows, 28, 28, 1); in place, as 60,000 images take 376 MB."""
    scaled = images[..., np.newaxis].astype("float64")
    scaled -= 127.5
    scaled /= 127.5
    return scaled


def load_data() -> Dataset:
    """45,000 images to train on, 15,000 to validate on, 10,000 to test on, each with its digit, int64."""
    x_train, y_train, x_test, y_test = load_mnist()
    y_train, y_test = y_train.astype("int64"), y_test.astype("int64")
    return Dataset(
        training=Split(scale(x_train[:TRAINING_ROWS]), y_train[:TRAINING_ROWS]),
        validation=Split(scale(x_train[TRAINING_ROWS:]), y_train[TRAINING_ROWS:]),
        test=Split(scale(x_test), y_test),
    )


def build_model() -> keras.Sequential:
    """784-256-256-128-10, each relu a layer of its own: 300,938 parameters."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(128),
            keras.layers.Activation("relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.001),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


experiment = Experiment(
    name="B9",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=20, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=12_800, evaluation_rows=2_000),
)
