"""B12: photographs scaled and split, the dense network in any width, guessing, and where over-fitting begins."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend_course.b_introduction.checks.b9_mnist_mlp import demand_step

ROUNDING = 1e-6  # pixels in single precision


def _draw_photographs(student: Student, rows: int) -> np.ndarray:
    return student.random.integers(0, 256, size=(rows, 32, 32, 3)).astype("uint8")


def _demand_split(student: Student, split: Any, photographs: np.ndarray, labels: np.ndarray) -> None:
    expect_equal(split.rows, len(labels))
    expect_close(student.numbers(split.inputs), (photographs - 127.5) / 127.5, ROUNDING)
    expect_equal(student.numbers(split.targets).reshape(-1).tolist(), labels[:, 0].tolist())


@point()
def pixels(student: Student) -> None:
    photographs = _draw_photographs(student, 2)
    photographs[0, 0, 0] = 0, 255, 128
    expect_close(student.numbers(student.scale(photographs)), (photographs - 127.5) / 127.5, ROUNDING)


@point(marks=2)
def parts(student: Student) -> None:
    x_train, x_test = _draw_photographs(student, 12), _draw_photographs(student, 6)
    y_train, y_test = (student.random.integers(0, 10, size=(rows, 1)) for rows in (12, 6))
    data = student.prepare(x_train, y_train, x_test, y_test)
    _demand_split(student, data.training, x_train, y_train)
    _demand_split(student, data.validation, x_test[:3], y_test[:3])
    _demand_split(student, data.test, x_test[3:], y_test[3:])


@point()
def parameters(student: Student) -> None:
    model = student.build_model()
    expect_equal(model.input_shape, (None, 32, 32, 3))
    expect_equal(model.output_shape, (None, 10))
    expect_equal(model.count_params(), 886_666)


@point()
def any_width(student: Student) -> None:
    width = int(student.random.integers(10, 60))
    hidden = 3_073 * width + (width + 1) * width + (width + 1) * 128
    expect_equal(student.build_model(width).count_params(), hidden + 129 * 10)


@point(marks=2)
def step(student: Student) -> None:
    inputs = student.random.uniform(-1, 1, size=(16, 32, 32, 3)).astype("float32")
    labels = student.random.integers(0, 10, size=(16, 1))
    demand_step(student, student.build_model(16), inputs, labels[:, 0], labels)


@point()
def guessing(student: Student) -> None:
    balanced = np.repeat(np.arange(10), 6)[:, np.newaxis]
    expect_close(student.guess_accuracy(student.random.permutation(balanced)), 0.1, ROUNDING)
    expect_close(student.guess_accuracy(np.array([[3], [1], [3], [9]])), 0.5, ROUNDING)


@point()
def best(student: Student) -> None:
    accuracies = student.random.permutation(np.linspace(0.3, 0.5, 9)).tolist()
    history = {"accuracy": sorted(accuracies), "val_accuracy": accuracies, "loss": accuracies[::-1]}
    expect_equal(student.best_epoch(history), int(np.argmax(accuracies)) + 1)
