"""A5. House prices: why columns are standardised before a network sees them.

Raw columns first. Areas run to 250 and prices to billions, so the first gradient is enormous, the first update
throws the weights far beyond the mark, and the next error is larger still: in float32 the loss is infinite at the
second step. (float64 holds the numbers, some 1e44, and the network is none the better for it: that second update
pushes every relu below zero for good, and only the output's bias goes on learning.)

The same network then sees inputs and price with mean 0 and standard deviation 1, and converges. The means and
deviations are those of the training rows: test rows stand for houses not seen yet, so nothing may be learned from them.
"""

from collections.abc import Sequence

import keras
import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_houses


def load_data() -> Dataset:
    """150 training and 50 test rows: size and number of rooms, (rows, 2); price, (rows, 1); as they stand."""
    houses = load_houses()
    inputs = houses[["size", "nb_rooms"]].to_numpy("float64")
    prices = houses[["price"]].to_numpy("float64")
    x_train, x_test, y_train, y_test = train_test_split(inputs, prices, test_size=0.25, random_state=42)
    return Dataset(training=Split(x_train, y_train), test=Split(x_test, y_test))


def load_standardised_data() -> Dataset:
    """Load the same rows, inputs and price standardised by the training rows."""
    data = load_data()
    inputs = StandardScaler().fit(data.training.inputs)
    prices = StandardScaler().fit(data.training.targets)
    return Dataset(
        training=Split(inputs.transform(data.training.inputs), prices.transform(data.training.targets)),
        test=Split(inputs.transform(data.test.inputs), prices.transform(data.test.targets)),
    )


def build_model() -> keras.Sequential:
    """Two inputs, 30 relu, 1 linear output: 121 parameters."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(30, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer="sgd", loss="mean_squared_error")
    return model


raw = Experiment(
    name="A5-raw",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=1, batch_size=32),
    quick=Plan(epochs=1, batch_size=32),
    diverges=True,
)

standardised = Experiment(
    name="A5-standardised",
    build_model=build_model,
    load_data=load_standardised_data,
    plan=Plan(epochs=50, batch_size=32),
    quick=Plan(epochs=10, batch_size=32),
)


def follow_losses(model: keras.Model, split: Split, epochs: int = 1, batch_size: int = 32) -> list[float]:
    """Train on the rows in their order, and note the loss of each batch before the update that it causes."""
    inputs, targets = (np.asarray(array, "float32") for array in (split.inputs, split.targets))
    losses = []
    for start in [*range(0, len(inputs), batch_size)] * epochs:
        model.reset_metrics()  # the loss would be a mean over all batches so far
        rows = slice(start, start + batch_size)
        losses.append(float(model.train_on_batch(inputs[rows], targets[rows])))
    return losses


def draw_losses(raw: Sequence[float], standardised: Sequence[float]) -> Figure:
    """Both trainings, step by step; where a loss is no finite number its curve ends, and the legend says how early."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, losses in (("raw columns", raw), ("standardised columns", standardised)):
        finite = int(np.isfinite(losses).sum())
        axes.plot(
            range(1, finite + 1), losses[:finite], marker=".", label=f"{name}: {len(losses)} losses, {finite} finite"
        )
    axes.set(title="House prices: the loss, batch by batch", xlabel="step", ylabel="mean squared error", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    return figure


def pictures() -> dict[str, Figure]:
    """Both trainings' losses over two epochs."""
    raw_losses = follow_losses(build_model(), load_data().training, epochs=2)
    return {
        "losses": draw_losses(raw_losses, follow_losses(build_model(), load_standardised_data().training, epochs=2))
    }
