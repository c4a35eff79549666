"""A11. Choosing a learning rate: too small crawls, too large diverges.

The experiment is small enough to be understood in full: one linear neuron that predicts house prices, trained on all
rows at once from weights of zero. Its loss is a bowl, and each step divides or multiplies the distance to the bottom,
along each axis of the bowl, by a fixed factor: 1 - rate x curvature. Along the steepest axis this factor falls below
-1 as soon as the rate exceeds 2 / curvature: each step then overshoots by more than the last.

Deep networks have no such formula, since their curvature changes as they learn. The three behaviours are the same.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend.datasets.builtin import load_houses

RATES = (0.001, 0.01, 0.1, 0.5, 0.6)
EPOCHS = 10


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """All 200 houses, standardised: size and rooms (200, 2), price (200, 1). No test follows, so nothing is split."""
    columns = load_houses()[["size", "nb_rooms", "price"]].to_numpy("float64")
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return columns[:, :2].astype("float32"), columns[:, 2:].astype("float32")


def build_model() -> keras.Sequential:
    """One linear neuron on two inputs, its weights zero; not compiled."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])


def train(inputs: np.ndarray, targets: np.ndarray, learning_rate: float, epochs: int) -> list[float]:
    """The loss in each epoch of a training from zero, all rows in one batch."""
    model = build_model()
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=learning_rate), loss="mean_squared_error")
    history = model.fit(inputs, targets, batch_size=len(inputs), epochs=epochs, shuffle=False, verbose=0)
    return [float(loss) for loss in history.history["loss"]]


def describe(losses: Sequence[float]) -> str:
    """Describe a training: it diverges, crawls, or converges."""
    if not np.isfinite(losses[-1]) or losses[-1] > losses[0]:
        return "diverges"
    return "crawls" if losses[-1] > losses[0] / 2 else "converges"


def largest_rate(inputs: np.ndarray) -> float:
    """Two over the loss's largest curvature, beyond which the training of `build_model` diverges."""
    columns = np.column_stack([inputs, np.ones(len(inputs))])  # the bias has an input of 1
    curvatures = np.linalg.eigvalsh(2 * columns.T @ columns / len(columns))
    return float(2 / curvatures.max())


def draw_losses(losses: Mapping[float, Sequence[float]]) -> Figure:
    """The losses of each learning rate, epoch by epoch, one curve a rate."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for rate, values in losses.items():
        axes.plot(range(1, len(values) + 1), values, marker=".", label=f"{rate:g}: {describe(values)}")
    axes.set(title="One training at several learning rates", xlabel="epoch", ylabel="loss", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(title="learning rate")
    return figure


def figures() -> dict[str, float]:
    """Compute the answer's figures: the last of ten losses at three rates and beside the limit, and the limit."""
    inputs, targets = load_data()
    last = {rate: train(inputs, targets, rate, EPOCHS)[-1] for rate in RATES}
    return {
        "crawls": last[0.001],
        "converges": last[0.1],
        "below": last[0.5],
        "above": last[0.6],
        "limit": largest_rate(inputs),
    }


def pictures() -> dict[str, Figure]:
    """Ten losses at each rate."""
    inputs, targets = load_data()
    return {"learning-rates": draw_losses({rate: train(inputs, targets, rate, EPOCHS) for rate in RATES})}
