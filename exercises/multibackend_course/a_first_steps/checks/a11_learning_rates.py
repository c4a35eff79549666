"""A11: the losses of gradient descent at rates of ours, each training from zero, and what these losses show."""

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-4  # some steps in single precision, which a rate beyond the limit multiplies
EPOCHS = 6


def _draw(student: Student) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two columns that go together, as sizes and rooms do."""
    inputs = student.random.normal(size=(40, 2)) @ np.array([[1.0, 0.8], [0.0, 0.4]])
    return inputs.astype("float32"), (inputs.sum(axis=1, keepdims=True) + 0.5).astype("float32")


def _descend(inputs: np.ndarray, targets: np.ndarray, rate: float) -> list[float]:
    """The losses of gradient descent on a linear neuron from zero, each before its step."""
    columns = np.column_stack([inputs, np.ones(len(inputs))]).astype("float64")
    weights, losses = np.zeros((3, 1)), []
    for _ in range(EPOCHS):
        errors = columns @ weights - targets
        losses.append(float((errors**2).mean()))
        weights -= rate * 2 * columns.T @ errors / len(columns)
    return losses


@point(marks=2)
def losses(student: Student) -> None:
    inputs, targets = _draw(student)
    rate = float(student.random.uniform(0.02, 0.1))
    expect_close(student.train(inputs, targets, rate, EPOCHS), _descend(inputs, targets, rate), ROUNDING)


@point()
def fresh_start(student: Student) -> None:
    # The second training in this process: what is left of the first would show.
    inputs, targets = _draw(student)
    expect_close(student.train(inputs, targets, 0.6, EPOCHS), _descend(inputs, targets, 0.6), ROUNDING)


@point()
def diverges(student: Student) -> None:
    for losses in ([1.0, 1.5, 2.5], [1.0, 1e30, float("inf")], [1.0, 0.5, float("nan")]):
        expect_equal(student.describe(losses), "diverges")


@point()
def crawls(student: Student) -> None:
    expect_equal(student.describe([4.0, 3.9, 3.8]), "crawls")
    expect_equal(student.describe([0.02, 0.019, 0.018]), "crawls")
    expect_equal(student.describe([4.0, 8.0, 2.1]), "crawls")


@point()
def converges(student: Student) -> None:
    expect_equal(student.describe([4.0, 1.0, 0.5]), "converges")
    expect_equal(student.describe([0.02, 0.03, 0.001]), "converges")
    expect_equal(student.describe([4.0, 1.0, 1.9]), "converges")
