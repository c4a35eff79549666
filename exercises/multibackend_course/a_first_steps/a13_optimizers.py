"""A13. Adam and plain gradient descent, and two between them.

Gradient descent moves each weight by the learning rate times its gradient: a weight with a small gradient moves
little. Adagrad, RMSprop and Adam divide by the size that the weight's own gradients have had, so that every weight
moves by about as much. Adagrad sums up these sizes and so becomes ever slower; RMSprop and Adam forget old ones; Adam
also averages the gradients themselves, which gives it momentum.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend.datasets.builtin import load_tumors

EPOCHS = 20


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """All 320 tumours: size and concentration, standardised (320, 2); malignant or not, 1 or 0 (320, 1)."""
    tumors = load_tumors()
    columns = tumors[["size", "p53_concentration"]].to_numpy("float64")
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return columns.astype("float32"), tumors[["is_malignant"]].to_numpy("float32")


def build_model() -> keras.Sequential:
    """One sigmoid neuron on two inputs, its weights zero; not compiled."""
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")]
    )


def make_optimizers(learning_rate: float) -> dict[str, keras.optimizers.Optimizer]:
    """One of each kind, all at this rate."""
    return {
        "SGD": keras.optimizers.SGD(learning_rate),
        "Adagrad": keras.optimizers.Adagrad(learning_rate),
        "RMSprop": keras.optimizers.RMSprop(learning_rate),
        "Adam": keras.optimizers.Adam(learning_rate),
    }


def first_step(optimizer: keras.optimizers.Optimizer, gradient: np.ndarray) -> np.ndarray:
    """The step by which a new optimizer moves weights that have this gradient."""
    weights = keras.Variable(np.zeros_like(gradient))
    optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weights])
    return keras.ops.convert_to_numpy(weights)


def train(inputs: np.ndarray, targets: np.ndarray, optimizer: keras.optimizers.Optimizer, epochs: int) -> list[float]:
    """The losses of a training from zero, in batches of 32, rows in their order."""
    model = build_model()
    model.compile(optimizer=optimizer, loss="binary_crossentropy")
    history = model.fit(inputs, targets, batch_size=32, epochs=epochs, shuffle=False, verbose=0)
    return [float(loss) for loss in history.history["loss"]]


def draw_losses(losses: Mapping[str, Sequence[float]]) -> Figure:
    """The losses of each optimizer, epoch by epoch, overlaid."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in losses.items():
        axes.plot(range(1, len(values) + 1), values, marker=".", label=name)
    axes.set(title="One training under several optimizers", xlabel="epoch", ylabel="loss")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(title="optimizer")
    return figure


def figures() -> dict[str, float]:
    """Compute the answer's figures: first steps for two gradients, and the last loss under each optimizer."""
    inputs, targets = load_data()
    gradient = np.array([100.0, 0.01], "float32")
    steps = {name: first_step(optimizer, gradient) for name, optimizer in make_optimizers(0.01).items()}
    last = {name: train(inputs, targets, found, EPOCHS)[-1] for name, found in make_optimizers(0.01).items()}
    return {
        "sgd_large_step": float(-steps["SGD"][0]),
        "sgd_small_step": float(-steps["SGD"][1]),
        "adam_large_step": float(-steps["Adam"][0]),
        "adam_small_step": float(-steps["Adam"][1]),
        "sgd": last["SGD"],
        "adagrad": last["Adagrad"],
        "rmsprop": last["RMSprop"],
        "adam": last["Adam"],
        "sgd_at_a_tenth": train(inputs, targets, make_optimizers(0.1)["SGD"], EPOCHS)[-1],
    }


def pictures() -> dict[str, Figure]:
    """The losses under each optimizer, all at a rate of 0.01."""
    inputs, targets = load_data()
    optimizers = make_optimizers(0.01)
    return {
        "optimizers": draw_losses({name: train(inputs, targets, each, EPOCHS) for name, each in optimizers.items()})
    }
