"""C8. Larger batches, more epochs.

With batches of 128 in place of 32, an epoch has 469 steps in place of 1,875: each follows a steadier gradient, and
there are fewer of them, so that the network goes over the images five times.
"""

import keras
import numpy as np
from matplotlib.figure import Figure

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
    """Batch normalisation of the 784 pixels, then a softmax over 10 digits, as in C7."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def count_steps(rows: int, batch_size: int) -> int:
    """The steps of an epoch: a last batch that isn't full counts as one."""
    return -(-rows // batch_size)


def train(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> dict[str, list[float]]:
    """Train for five epochs in batches of 128; return the loss and the accuracy of each."""
    return model.fit(pixels, one_hot, batch_size=128, epochs=5, verbose=0).history


def draw_history(history: dict[str, list[float]]) -> Figure:
    """Loss and accuracy, epoch by epoch."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    figure.suptitle("Batches of 128")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        values = [float(value) for value in history[name]]
        axes.plot(range(1, len(values) + 1), values, marker="o", label="training")
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.legend()
    return figure


experiment = Experiment(
    name="C8",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=5, batch_size=128),
    quick=Plan(epochs=1, batch_size=128, training_rows=25_600, evaluation_rows=2_000),
)


def pictures() -> dict[str, Figure]:
    """Five epochs on the quick rows."""
    rows = experiment.quick.limit(load_data()).training
    return {"history": draw_history(train(build_model(), rows.inputs, rows.targets))}
