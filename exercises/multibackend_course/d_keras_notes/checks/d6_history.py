"""D6: histories that the judge makes up, one of a real training, the best epoch, and curves that show the numbers."""

from typing import Any

import numpy as np

from multibackend.course.judging import Unmet, expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

MEASURES = ["accuracy", "loss", "val_accuracy", "val_loss"]
SAME = 1e-12  # numbers in float64 that nothing was computed from


def _history(student: Student, values: dict[str, np.ndarray]) -> Any:
    """A History that was told these values, epoch by epoch, as `fit` does."""
    history = student.keras.callbacks.History()
    history.set_model(student.keras.Sequential())
    history.on_train_begin()
    for epoch in range(len(values["loss"])):
        history.on_epoch_end(epoch, {name: float(column[epoch]) for name, column in values.items()})
    return history


def _table(student: Student, rows: int) -> tuple[dict[str, np.ndarray], Any]:
    """Made-up values, and the student's table of them."""
    values = {name: student.random.random(rows) for name in MEASURES}
    table = student.to_table(_history(student, values))
    expect_equal(student.class_name(table), "DataFrame")
    return values, table


@point()
def columns(student: Student) -> None:
    rows = int(student.random.integers(4, 9))
    values, table = _table(student, rows)
    expect_equal(sorted(table.columns.tolist()), MEASURES)
    expect_equal(table.shape, (rows, 4))
    for name, column in values.items():
        expect_close(student.numbers(table[name]), column, SAME)


@point()
def epochs(student: Student) -> None:
    _, table = _table(student, 5)
    expect_equal(table.index.tolist(), [1, 2, 3, 4, 5])
    expect_equal(table.index.name, "epoch")


@point()
def real(student: Student) -> None:
    """A training that tells the loss alone, as when no metric was asked for."""
    keras = student.keras
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.25), loss="mean_squared_error")
    student.set_weights(model, [np.zeros((1, 1))])
    rows = np.array([[1.0], [-1.0]], "float32")
    table = student.to_table(model.fit(rows, rows, epochs=3, verbose=0))
    expect_equal(table.columns.tolist(), ["loss"])
    expect_equal(table["loss"].dtype.name, "float64", "dtype")
    # Each step halves the error, so that the squared error becomes a quarter; powers of two aren't rounded.
    expect_close(student.numbers(table["loss"]), [1, 1 / 4, 1 / 16], SAME)


@point()
def best(student: Student) -> None:
    rows, lowest = 9, int(student.random.integers(2, 8))
    distance = np.abs(np.arange(1, rows + 1) - lowest)
    # The training loss goes on falling, and the accuracy is highest elsewhere: over-fitting.
    values = {
        "loss": np.linspace(1, 0, rows),
        "accuracy": np.linspace(0, 1, rows),
        "val_loss": 0.5 + 0.01 * distance,
        "val_accuracy": np.linspace(0.5, 0.6, rows),
    }
    expect_equal(student.best_epoch(student.to_table(_history(student, values))), lowest)


@point(marks=2)
def curves(student: Student) -> None:
    values, table = _table(student, 6)
    found = [np.asarray(student.numbers(line.get_ydata()), "float64") for line in _lines(student, table)]
    for name, column in values.items():
        if not any(line.shape == column.shape and np.allclose(line, column, rtol=0, atol=SAME) for line in found):
            raise Unmet(name, f"{len(found)} curves")


@point()
def labels(student: Student) -> None:
    _, table = _table(student, 6)
    for axes in _axes(student, table):
        expect_equal(axes.get_xlabel().lower(), "epoch")
        legend = axes.get_legend()
        expect(legend is not None, "legend", legend)
        texts = legend.get_texts()
        expect_equal(len(texts), len(axes.get_lines()))


def _axes(student: Student, table: Any) -> list[Any]:
    """The parts of the student's figure that show curves."""
    figure = student.draw_curves(table)
    expect(student.class_name(figure) == "Figure", "Figure", figure)
    parts = [figure.axes[i] for i in range(len(figure.axes))]
    parts = [axes for axes in parts if len(axes.get_lines())]
    expect(len(parts) > 0, "curves", figure)
    return parts


def _lines(student: Student, table: Any) -> list[Any]:
    return [axes.get_lines()[i] for axes in _axes(student, table) for i in range(len(axes.get_lines()))]
