"""B13: two splits, one scaler for three parts beside a scaler for each, and a regression of 101 parameters."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # a scaler or a sum of ten products, in single or double precision
RATE = 0.001
PARTS = ("training", "validation", "test")


def _draw_rows(student: Student, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns of different means and spreads."""
    inputs = student.random.normal(size=(rows, 8)) * np.arange(1, 9) + 10
    return inputs, student.random.uniform(0, 5, size=(rows, 1))


def _split(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Three quarters and a quarter, as scikit-learn's `train_test_split` draws them with `random_state=42`."""
    order = np.random.RandomState(42).permutation(len(rows))
    quarter = len(rows) // 4
    return rows[order[quarter:]], rows[order[:quarter]]


def _inputs(student: Student, data: Any) -> dict[str, np.ndarray]:
    return {part: student.numbers(getattr(data, part).inputs) for part in PARTS}


@point()
def rows(student: Student) -> None:
    inputs, values = _draw_rows(student, 20_640)
    data = student.split(inputs, values)
    expect_equal([getattr(data, part).rows for part in PARTS], [11_610, 3_870, 5_160])


@point()
def same_rows(student: Student) -> None:
    inputs, values = _draw_rows(student, 64)
    data = student.split(inputs, values)
    rest, test = _split(np.arange(64))
    for part, rows in zip(PARTS, (*_split(rest), test), strict=True):
        expect_close(student.numbers(getattr(data, part).inputs), inputs[rows], ROUNDING)
        expect_close(student.numbers(getattr(data, part).targets).reshape(-1), values[rows, 0], ROUNDING)


@point(marks=2)
def one_scaler(student: Student) -> None:
    rows = student.split(*_draw_rows(student, 128))
    before, after = _inputs(student, rows), _inputs(student, student.standardise(rows))
    mean, deviation = before["training"].mean(axis=0), before["training"].std(axis=0)
    for part in PARTS:
        expect_close(after[part], (before[part] - mean) / deviation, ROUNDING)


@point()
def mistake(student: Student) -> None:
    rows = student.split(*_draw_rows(student, 128))
    before, after = _inputs(student, rows), _inputs(student, student.standardise_mistakenly(rows))
    for part in PARTS:
        expect_close(after[part], (before[part] - before[part].mean(axis=0)) / before[part].std(axis=0), ROUNDING)


@point()
def difference(student: Student) -> None:
    one, other = (student.split(*_draw_rows(student, 64)) for _ in range(2))
    found = student.largest_differences(one, other)
    a, b = _inputs(student, one), _inputs(student, other)
    expect_equal(sorted(found), sorted(PARTS))
    for part in PARTS:
        expect_close(student.numbers(found[part]), np.abs(a[part] - b[part]).max(), ROUNDING)


@point()
def parameters(student: Student) -> None:
    model = student.build_model()
    expect_equal(model.input_shape, (None, 8))
    expect_equal(model.count_params(), 101)


@point(marks=2)
def step(student: Student) -> None:
    model = student.build_model()
    weights = [student.random.normal(size=shape).astype("float32") for shape in ((8, 10), (10,), (10, 1), (1,))]
    student.set_weights(model, weights)
    inputs, values = (array.astype("float32") for array in _draw_rows(student, 16))
    inputs /= 10
    predicted = np.maximum(inputs @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
    expect_close(student.apply(model, inputs), predicted, ROUNDING)
    found = model.train_on_batch(inputs, values, return_dict=True)
    expect_close(student.numbers(found["loss"]), ((predicted - values) ** 2).mean(), ROUNDING)
    moved = student.weights(model)[3] - weights[3]
    expect_close(moved, -RATE * 2 * (predicted - values).mean(axis=0), ROUNDING)
