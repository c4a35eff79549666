"""B10. The digits once more, one-hot: another way to write the labels, the same training.

A one-hot row has a 1 at its digit and 0 elsewhere. The categorical cross-entropy adds up all ten products of label
and logarithm, of which nine are zero; the sparse one takes the tenth directly. So the losses are equal, step for
step, and the labels take ten times the room.
"""

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist

TRAINING_ROWS = 45_000


def one_hot(digits: np.ndarray) -> np.ndarray:
    """Digits, (rows,), to rows of ten with a single 1, float64, (rows, 10)."""
    return np.eye(10)[digits]


def decode(rows: np.ndarray) -> np.ndarray:
    """One-hot rows or probabilities, (rows, 10), to the digit that has the most, (rows,)."""
    return rows.argmax(axis=1)


def scale(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 in [-1, 1], (rows, 28, 28, 1); in place, as 60,000 images take 376 MB."""
    scaled = images[..., np.newaxis].astype("float64")
    scaled -= 127.5
    scaled /= 127.5
    return scaled


def load_data() -> Dataset:
    """The images of B9: 45,000 to train on, 15,000 to validate on, 10,000 to test on, each with its one-hot row."""
    x_train, y_train, x_test, y_test = load_mnist()
    return Dataset(
        training=Split(scale(x_train[:TRAINING_ROWS]), one_hot(y_train[:TRAINING_ROWS])),
        validation=Split(scale(x_train[TRAINING_ROWS:]), one_hot(y_train[TRAINING_ROWS:])),
        test=Split(scale(x_test), one_hot(y_test)),
    )


def build_network() -> keras.Sequential:
    """The network of B9, not yet compiled: 784-256-256-128-10, 300,938 parameters."""
    return keras.Sequential(
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


def build_model() -> keras.Sequential:
    """The network, compiled for one-hot labels."""
    model = build_network()
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.001),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def build_sparse_model() -> keras.Sequential:
    """The network, compiled for digits as labels, as in B9."""
    model = build_network()
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.001),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


experiment = Experiment(
    name="B10",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=20, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=12_800, evaluation_rows=2_000),
)


def losses_by_step(model: keras.Model, inputs: np.ndarray, targets: np.ndarray, batch_size: int) -> list[float]:
    """Train on batch after batch, once through the rows, and return the loss of each batch before its step."""
    losses = []
    for start in range(0, len(inputs), batch_size):
        rows = slice(start, start + batch_size)
        losses.append(float(model.train_on_batch(inputs[rows], targets[rows], return_dict=True)["loss"]))
    return losses


def compare_losses(inputs: np.ndarray, digits: np.ndarray, batch_size: int) -> tuple[list[float], list[float]]:
    """The losses of each step, with digits and with one-hot rows as labels, from the same initial weights."""
    sparse, categorical = build_sparse_model(), build_model()
    categorical.set_weights(sparse.get_weights())
    return (
        losses_by_step(sparse, inputs, digits, batch_size),
        losses_by_step(categorical, inputs, one_hot(digits), batch_size),
    )
