"""A9: the tumours' rows, their split and scale, the classifier, and how little a first epoch of eight steps does."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_between, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import find_file

ROUNDING = 1e-5  # the rows may be in single precision
UNITS = np.array([0.1, 0.01, 1])  # the table's sizes have one decimal, its concentrations two
SHAPES = [(2, 5), (5,), (5, 2), (2,)]


def _read_table() -> np.ndarray:
    """The tumours, size, concentration and class."""
    path = find_file("tumors.csv")
    assert path is not None
    return np.loadtxt(path, delimiter=",", skiprows=1)


def _sort(rows: np.ndarray) -> np.ndarray:
    """Sort the rows, rounded to the table's decimals."""
    whole = np.round(rows / UNITS)
    return whole[np.lexsort(whole.T)] * UNITS


def _rows(student: Student, split: Any) -> np.ndarray:
    """Inputs and class side by side, (rows, 3)."""
    inputs, classes = student.numbers(split.inputs), student.numbers(split.targets)
    expect(inputs.ndim == 2 and inputs.shape[1] == 2, "(rows, 2)", inputs.shape)
    expect(classes.size == len(inputs), f"{len(inputs)}", classes.shape)
    return np.column_stack([inputs, classes.reshape(-1)]).astype("float64")


@point()
def rows(student: Student) -> None:
    data = student.load_data()
    both, table = np.concatenate([_rows(student, data.training), _rows(student, data.test)]), _read_table()
    expect_equal(both.shape, table.shape)
    # One shift and one factor a column, for training and test rows alike, lead back to the table.
    inputs, measures = both[:, :2], table[:, :2]
    expect(bool((inputs.std(axis=0) > 0).all()), "> 0", inputs.std(axis=0))
    back = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0) * measures.std(axis=0) + measures.mean(axis=0)
    expect_equal(_sort(np.column_stack([back, both[:, 2]])), _sort(table))


@point()
def split(student: Student) -> None:
    training = _rows(student, student.load_data().training)
    expect(225 <= len(training) <= 256, "225 … 256", len(training))


@point()
def scale(student: Student) -> None:
    training = _rows(student, student.load_data().training)[:, :2]
    expect_close(training.min(axis=0), np.full(2, -0.5), ROUNDING)
    expect_close(training.max(axis=0), np.full(2, 0.5), ROUNDING)


@point()
def model(student: Student) -> None:
    model = student.build_model()
    inputs = student.random.normal(size=(8, 2)).astype("float32")
    student.apply(model, inputs)
    expect_equal([array.shape for array in student.weights(model)], SHAPES)
    kernel, bias, kernel2, bias2 = weights = [student.random.normal(size=shape) for shape in SHAPES]
    student.set_weights(model, weights)
    expected = special.softmax(np.maximum(inputs @ kernel + bias, 0) @ kernel2 + bias2, axis=-1)
    expect_close(student.apply(model, inputs), expected, ROUNDING)
    expect(student.is_a(model.optimizer, "optimizers.SGD"), "SGD", student.class_name(model.optimizer))


@point()
def ignorance(student: Student) -> None:
    for classes in (2, 10):
        expect_close(student.numbers(student.loss_of_ignorance(classes)), np.log(classes), ROUNDING)


@point()
def first_epoch(student: Student) -> None:
    data, model = student.load_data(), student.build_model()
    rows = _rows(student, data.training)
    inputs, classes = rows[:, :2].astype("float32"), rows[:, 2].astype("int32")
    student.apply(model, inputs[:4])
    expect_equal([array.shape for array in student.weights(model)], SHAPES)
    # Weights of ours, and small: with luck in its first weights a network may begin some tenths from ln 2.
    student.set_weights(model, [student.random.uniform(-0.3, 0.3, size=shape) for shape in SHAPES])
    history = model.fit(inputs, classes, batch_size=32, epochs=1, shuffle=False, verbose=0).history
    expect(any("acc" in name for name in history), "accuracy", list(history))
    expect_equal(int(student.numbers(model.optimizer.iterations)), 8)
    expect_between(student.numbers(history["loss"]), np.log(2) - 0.05, np.log(2) + 0.05)
