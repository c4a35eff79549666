"""D5. Losses, metrics and optimizers by name: one network, trained by four optimizers.

A name stands for an object with its usual settings, and these differ: SGD's learning rate is 0.01, that of the others
0.001. For Adadelta that is next to nothing, since the rule was meant for a rate of 1 (Zeiler, 2012): it hardly leaves
its place. Labels are one-hot, so that mae, the mean absolute error, compares probabilities with zeros and ones.
"""

from functools import partial

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist


def flatten(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 in [0, 1], (rows, 784)."""
    return images.reshape(len(images), -1) / 255


def one_hot(digits: np.ndarray) -> np.ndarray:
    """Digits (rows,) to zeros with a single 1, float64, (rows, 10)."""
    return np.eye(10)[digits]


def load_data() -> Dataset:
    """MNIST's first 5,000 images to train on, its first 2,000 test images to test on."""
    x_train, y_train, x_test, y_test = load_mnist()
    return Dataset(
        training=Split(flatten(x_train[:5_000]), one_hot(y_train[:5_000])),
        test=Split(flatten(x_test[:2_000]), one_hot(y_test[:2_000])),
    )


def build_model(optimizer: str) -> keras.Sequential:
    """784 inputs, 32 relu, softmax over 10 digits: 25,120 + 330 = 25,450 parameters; compiled by names."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy", "mae"])
    return model


def train(model: keras.Model, inputs: np.ndarray, targets: np.ndarray, epochs: int) -> dict[str, list[float]]:
    """Fit in batches of 64, the rows in the order given; loss and metrics of each epoch by their names."""
    history = model.fit(inputs, targets, batch_size=64, epochs=epochs, shuffle=False, verbose=0)
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def rank(histories: dict[str, dict[str, list[float]]]) -> list[str]:
    """The optimizers' names, the one with the lowest last loss first."""
    return sorted(histories, key=lambda name: histories[name]["loss"][-1])


def draw_losses(histories: dict[str, dict[str, list[float]]]) -> Figure:
    """Each optimizer's loss over the epochs."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, history in histories.items():
        axes.plot(range(1, len(history["loss"]) + 1), history["loss"], marker="o", label=name)
    axes.set(title="One network, four optimizers", xlabel="epoch", ylabel="cross-entropy")
    axes.legend()
    return figure


def make_experiment(optimizer: str) -> Experiment:
    """Prepare the training under one optimizer."""
    return Experiment(
        name=f"D5-{optimizer}",
        build_model=partial(build_model, optimizer),
        load_data=load_data,
        plan=Plan(epochs=5, batch_size=64),
        quick=Plan(epochs=1, batch_size=64, training_rows=1_280, evaluation_rows=500),
    )


sgd = make_experiment("sgd")
adam = make_experiment("adam")
adadelta = make_experiment("adadelta")
rmsprop = make_experiment("rmsprop")


def pictures() -> dict[str, Figure]:
    """Five epochs on 1,280 images under each optimizer."""
    rows = load_data().training.take(slice(1_280))
    names = ("sgd", "adam", "adadelta", "rmsprop")
    return {"optimizers": draw_losses({n: train(build_model(n), rows.inputs, rows.targets, 5) for n in names})}
