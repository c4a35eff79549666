"""A12. A batch holds the rows of one update; an epoch goes once through all rows.

So an epoch over n rows has ceil(n / batch size) steps, the last batch holding what is left, and as many updates of
the weights. Small batches make many updates of an epoch; each is cheap, and its gradient a rougher guess at that of
all rows.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend.datasets.builtin import load_houses

BATCH_SIZES = (200, 32, 8, 1)
EPOCHS = 5


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """All 200 houses, standardised: size and rooms (200, 2), price (200, 1). No test follows, so nothing is split."""
    columns = load_houses()[["size", "nb_rooms", "price"]].to_numpy("float64")
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return columns[:, :2].astype("float32"), columns[:, 2:].astype("float32")


def build_model() -> keras.Sequential:
    """One linear neuron on two inputs, its weights zero; gradient descent at a rate of 0.01."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    return model


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """The number of batches that hold all rows; the last may not be full."""
    return -(-rows // batch_size)


def train(inputs: np.ndarray, targets: np.ndarray, batch_size: int, epochs: int) -> tuple[int, list[float]]:
    """Train from zero, with the rows in their order; return the number of updates, and the losses."""
    model = build_model()
    history = model.fit(inputs, targets, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0)
    return int(model.optimizer.iterations), [float(loss) for loss in history.history["loss"]]


def draw_losses(losses: Mapping[int, Sequence[float]]) -> Figure:
    """The losses of each batch size, epoch by epoch, one curve a batch size."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for batch_size, values in losses.items():
        axes.plot(range(1, len(values) + 1), values, marker=".", label=f"{batch_size}")
    axes.set(title="One training with several batch sizes", xlabel="epoch", ylabel="loss", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(title="batch size", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def figures() -> dict[str, float]:
    """Compute the answer's figures: an epoch's steps; for each batch size, five epochs' updates and the last loss."""
    inputs, targets = load_data()
    found: dict[str, float] = {"steps_32": steps_per_epoch(len(inputs), 32)}
    for batch_size in BATCH_SIZES:
        updates, losses = train(inputs, targets, batch_size, EPOCHS)
        found |= {f"updates_{batch_size}": updates, f"loss_{batch_size}": losses[-1]}
    return found


def pictures() -> dict[str, Figure]:
    """Five losses with each batch size."""
    inputs, targets = load_data()
    return {"batch-sizes": draw_losses({size: train(inputs, targets, size, EPOCHS)[1] for size in BATCH_SIZES})}
