"""A12: the steps of an epoch, and trainings of which updates and losses are counted."""

import math

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-4  # some tens of steps in single precision
EPOCHS = 2


def _draw(student: Student, rows: int) -> tuple[np.ndarray, np.ndarray]:
    inputs = student.random.normal(size=(rows, 2)).astype("float32")
    return inputs, (inputs.sum(axis=1, keepdims=True) + 0.5).astype("float32")


def _descend(inputs: np.ndarray, targets: np.ndarray, batch_size: int) -> list[float]:
    """The losses of gradient descent at 0.01 on a linear neuron from zero: in each epoch, the mean over its rows."""
    columns = np.column_stack([inputs, np.ones(len(inputs))]).astype("float64")
    weights, losses = np.zeros((3, 1)), []
    for _ in range(EPOCHS):
        squares = 0.0
        for start in range(0, len(columns), batch_size):
            batch = columns[start : start + batch_size]
            errors = batch @ weights - targets[start : start + batch_size]
            squares += float((errors**2).sum())
            weights -= 0.01 * 2 * batch.T @ errors / len(batch)
        losses.append(squares / len(columns))
    return losses


@point()
def whole_batches(student: Student) -> None:
    steps, batch_size = (int(number) for number in student.random.integers(2, 40, size=2))
    expect_equal(student.steps_per_epoch(steps * batch_size, batch_size), steps)


@point()
def last_batch(student: Student) -> None:
    expect_equal(student.steps_per_epoch(200, 32), 7)
    expect_equal(student.steps_per_epoch(5, 32), 1)
    rows, batch_size = int(student.random.integers(100, 1000)), int(student.random.integers(3, 90))
    expect_equal(student.steps_per_epoch(rows, batch_size), math.ceil(rows / batch_size))


@point()
def updates(student: Student) -> None:
    inputs, targets = _draw(student, rows=70)
    found = student.train(inputs, targets, 32, EPOCHS)
    expect(isinstance(found, (tuple, list)) and len(found) == 2, "(updates, losses)", found)
    expect_equal(int(student.numbers(found[0])), 3 * EPOCHS)


@point()
def losses(student: Student) -> None:
    inputs, targets = _draw(student, rows=44)
    found = student.train(inputs, targets, 8, EPOCHS)
    expect(isinstance(found, (tuple, list)) and len(found) == 2, "(updates, losses)", found)
    expect_close(student.numbers(found[1]), _descend(inputs, targets, 8), ROUNDING)
