"""D6. What a training leaves behind: its History, as a table and as curves.

`fit` returns a History. Its `history` has a list for each measure, with a value for each epoch: just what a table's
columns are. In the table one sees at once at which epoch the validation loss was lowest; in the curves, that it rises
again afterwards.
"""

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure


def build_model() -> keras.Sequential:
    """4 inputs, 64 tanh, one of two classes: large for 60 points, and fast, so that it soon over-fits."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(64, activation="tanh"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    adam = keras.optimizers.Adam(learning_rate=0.05)
    model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model: keras.Model, epochs: int) -> keras.callbacks.History:
    """Fit on 60 random points, of class 1 where the first two coordinates have one sign; validate on 40 others."""
    points = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    classes = (points[:, 0] * points[:, 1] > 0).astype("int64")
    validation = (points[60:], classes[60:])
    return model.fit(points[:60], classes[:60], validation_data=validation, epochs=epochs, shuffle=False, verbose=0)


def to_table(history: keras.callbacks.History) -> pd.DataFrame:
    """A column for each measure, a row for each epoch; the index, named epoch, counts from 1."""
    table = pd.DataFrame(history.history).astype("float64")
    table.index = pd.RangeIndex(1, len(table) + 1, name="epoch")
    return table


def best_epoch(table: pd.DataFrame) -> int:
    """The epoch at which the validation loss was lowest."""
    return int(table["val_loss"].idxmin())


def draw_curves(table: pd.DataFrame) -> Figure:
    """Loss on the left, accuracy on the right, of training and validation rows."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(table.index, table[measure], label="training")
        axes.plot(table.index, table[f"val_{measure}"], label="validation")
        axes.set(title=measure, xlabel="epoch", ylabel=measure)
        axes.legend()
    return figure


def pictures() -> dict[str, Figure]:
    """Forty epochs, of which the later ones over-fit."""
    return {"history": draw_curves(to_table(train(build_model(), 40)))}
