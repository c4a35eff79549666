"""A5: the houses' rows and their split, a loss that overflows on raw columns and falls on standardised ones."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import find_file

SUMS = 1e-4  # of thirty products in single precision
ROUNDING = 1e-5  # the rows may be in single precision
DEVIATION = 5e-3  # pandas divides by n - 1, scikit-learn by n: for 129 rows and more, they differ by less than this
UNITS = np.array([1, 1, 1e6])  # the table's sizes and rooms are whole, its prices whole millions
SHAPES = [(2, 30), (30,), (30, 1), (1,)]


def _read_table() -> np.ndarray:
    """The houses, size, rooms and price, in a fixed order."""
    path = find_file("houses.csv")
    assert path is not None
    return _sort(np.loadtxt(path, delimiter=",", skiprows=1))


def _sort(rows: np.ndarray) -> np.ndarray:
    whole = np.round(rows / UNITS)
    return whole[np.lexsort(whole.T)] * UNITS


def _rows(student: Student, split: Any) -> np.ndarray:
    """Inputs and target side by side, (rows, 3)."""
    inputs, targets = student.numbers(split.inputs), student.numbers(split.targets)
    expect(inputs.ndim == 2 and inputs.shape[1] == 2, "(rows, 2)", inputs.shape)
    expect(targets.size == len(inputs), f"{len(inputs)}", targets.shape)
    return np.column_stack([inputs, targets.reshape(-1)]).astype("float64")


def _fit(student: Student, data: Any, epochs: int) -> tuple[np.ndarray, Any]:
    """The losses of a training from weights of ours, and the number of its updates; the model is compiled once."""
    model = student.once("build_model")
    rows = _rows(student, data.training).astype("float32")
    student.apply(model, rows[:4, :2])
    expect_equal([array.shape for array in student.weights(model)], SHAPES)
    # As Keras would draw them (Glorot and Bengio, 2010), but the same each time.
    limits = (np.sqrt(6 / 32), 0, np.sqrt(6 / 31), 0)
    weights = [student.random.uniform(-limit, limit, shape) for limit, shape in zip(limits, SHAPES, strict=True)]
    student.set_weights(model, weights)
    before = student.numbers(model.optimizer.iterations)
    history = model.fit(rows[:, :2], rows[:, 2:], batch_size=32, epochs=epochs, shuffle=False, verbose=0).history
    return student.numbers(history["loss"]), student.numbers(model.optimizer.iterations) - before


@point()
def columns(student: Student) -> None:
    data = student.load_data()
    found = np.concatenate([_rows(student, data.training), _rows(student, data.test)])
    table = _read_table()
    expect_equal(found.shape, table.shape)
    expect_equal(_sort(found), table)


@point()
def split(student: Student) -> None:
    rows = len(_rows(student, student.load_data().training))
    expect(129 <= rows <= 160, "129 … 160", rows)


@point()
def model(student: Student) -> None:
    model = student.build_model()
    inputs = student.random.normal(size=(8, 2)).astype("float32")
    expect_equal(student.apply(model, inputs).shape, (8, 1))
    expect_equal([array.shape for array in student.weights(model)], SHAPES)
    kernel, bias, kernel2, bias2 = weights = [student.random.normal(size=shape) for shape in SHAPES]
    student.set_weights(model, weights)
    expect_close(student.apply(model, inputs), np.maximum(inputs @ kernel + bias, 0) @ kernel2 + bias2, SUMS)
    expect(student.is_a(model.optimizer, "optimizers.SGD"), "SGD", student.class_name(model.optimizer))


@point()
def overflow(student: Student) -> None:
    losses, updates = _fit(student, student.load_data(), epochs=1)
    expect_equal(int(updates), 5)
    expect(not np.isfinite(losses[0]), "inf | nan", losses)


@point(marks=2)
def scaler(student: Student) -> None:
    data = student.load_standardised_data()
    training, test = _rows(student, data.training), _rows(student, data.test)
    expect_close(training.mean(axis=0), np.zeros(3), ROUNDING)
    expect_close(training.std(axis=0), np.ones(3), DEVIATION)
    # One shift and one factor a column, for training and test rows alike, lead back to the table.
    both, table = np.concatenate([training, test]), _read_table()
    expect(bool((both.std(axis=0) > 0).all()), "> 0", both.std(axis=0))
    back = (both - both.mean(axis=0)) / both.std(axis=0) * table.std(axis=0) + table.mean(axis=0)
    expect_equal(back.shape, table.shape)
    expect_equal(_sort(back), table, advice="test_rows")


@point()
def convergence(student: Student) -> None:
    losses, _ = _fit(student, student.load_standardised_data(), epochs=20)
    # Predicting the mean has a loss of 1. Of 25 trainings from weights drawn at random all ended below 0.08.
    expect(bool(losses[-1] < 0.2), "< 0.2", losses[-1:])
