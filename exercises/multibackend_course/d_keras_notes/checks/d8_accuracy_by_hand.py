"""D8: the row's own example, others of two and of five classes, arrays as well as tensors."""

import numpy as np

from multibackend.course.judging import expect, expect_close, point
from multibackend.course.remote import Student

ROUNDING = 1e-6  # a mean in float32
Y_TRUE = np.array([[0, 1], [1, 0], [1, 0], [0, 1]])
Y_PRED = np.array([[0.4, 0.6], [0.3, 0.7], [0.05, 0.95], [0.33, 0.67]])


def _draw(student: Student, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """One-hot targets and probabilities, none of them near 0.5 or near another of its row."""
    y_true = np.eye(classes)[student.random.integers(0, classes, size=rows)]
    steps = student.random.permuted(np.tile(np.arange(1, classes + 1), (rows, 1)), axis=-1)
    y_pred = steps**2 / (steps**2).sum(axis=-1, keepdims=True)
    return y_true.astype("float32"), y_pred.astype("float32")


def _cells(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float((y_true == np.round(y_pred)).mean())


def _rows(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float((y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)).mean())


@point()
def example(student: Student) -> None:
    expect_close(student.numbers(student.cell_accuracy(Y_TRUE, Y_PRED)), 0.5, ROUNDING)


@point(marks=2)
def cells(student: Student) -> None:
    for classes in (2, 5):
        y_true, y_pred = _draw(student, 30, classes)
        found = student.cell_accuracy(y_true, y_pred)
        expect(type(found) is float, "float", found, "floats")
        expect_close(found, _cells(y_true, y_pred), ROUNDING)


@point(marks=2)
def rows(student: Student) -> None:
    for classes in (2, 5):
        y_true, y_pred = _draw(student, 30, classes)
        found = student.row_accuracy(y_true, y_pred)
        expect(type(found) is float, "float", found, "floats")
        expect_close(found, _rows(y_true, y_pred), ROUNDING)


@point()
def tensors(student: Student) -> None:
    y_true, y_pred = _draw(student, 20, 3)
    convert = student.keras.ops.convert_to_tensor
    # Targets are often whole numbers, predictions never.
    targets, predictions = convert(y_true.astype("int32")), convert(y_pred)
    expect_close(student.numbers(student.cell_accuracy(targets, predictions)), _cells(y_true, y_pred), ROUNDING)
    expect_close(student.numbers(student.row_accuracy(targets, predictions)), _rows(y_true, y_pred), ROUNDING)
