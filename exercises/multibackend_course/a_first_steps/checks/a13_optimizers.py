"""A13: four optimizers, their first steps, and trainings under two of them, each from zero."""

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-4  # some steps in single precision
NAMES = ("SGD", "Adagrad", "RMSprop", "Adam")
EPOCHS = 2


def _draw(student: Student) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two columns, and a class that follows from them; the last batch of 32 isn't full."""
    inputs = student.random.normal(size=(70, 2)).astype("float32")
    return inputs, (inputs.sum(axis=1, keepdims=True) > 0).astype("float32")


def _descend(inputs: np.ndarray, targets: np.ndarray, rate: float, adam: bool) -> list[float]:
    """The losses of a sigmoid neuron from zero by gradient descent or Adam (Kingma and Ba, 2015), a mean over rows."""
    columns = np.column_stack([inputs, np.ones(len(inputs))]).astype("float64")
    weights, mean, square = np.zeros((3, 3, 1))
    steps, losses = 0, []
    for _ in range(EPOCHS):
        total = 0.0
        for start in range(0, len(columns), 32):
            batch, classes = columns[start : start + 32], targets[start : start + 32]
            ones = 1 / (1 + np.exp(-batch @ weights))
            total -= float(np.log(np.where(classes == 1, ones, 1 - ones)).sum())
            gradient = batch.T @ (ones - classes) / len(batch)
            steps += 1
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            momentum, size = mean / (1 - 0.9**steps), np.sqrt(square / (1 - 0.999**steps))
            weights = weights - rate * (momentum / (size + 1e-7) if adam else gradient)
        losses.append(total / len(columns))
    return losses


@point()
def optimizers(student: Student) -> None:
    found = student.make_optimizers(0.02)
    expect(isinstance(found, dict) and set(found) == set(NAMES), ", ".join(NAMES), found)
    for name in NAMES:
        expect(student.is_a(found[name], f"optimizers.{name}"), name, student.class_name(found[name]))


@point()
def rates(student: Student) -> None:
    rate = float(student.random.uniform(0.002, 0.2))
    found = student.make_optimizers(rate)
    expect(isinstance(found, dict) and len(found) > 0, ", ".join(NAMES), found)
    for optimizer in found.values():
        expect_close(student.numbers(optimizer.learning_rate), rate, 1e-6)  # as it is held in single precision


@point()
def first_steps(student: Student) -> None:
    gradient = student.random.uniform(1, 50, size=3).astype("float32") * np.array([1, -1, 1], "float32")
    kinds = student.keras.optimizers
    expect_close(student.numbers(student.first_step(kinds.SGD(0.02), gradient)), -0.02 * gradient, ROUNDING)
    expect_close(student.numbers(student.first_step(kinds.Adam(0.02), gradient)), -0.02 * np.sign(gradient), ROUNDING)


@point()
def losses(student: Student) -> None:
    inputs, targets = _draw(student)
    found = student.train(inputs, targets, student.keras.optimizers.SGD(0.3), EPOCHS)
    expect_close(student.numbers(found), _descend(inputs, targets, 0.3, adam=False), ROUNDING)


@point()
def fresh_start(student: Student) -> None:
    # The second training in this process: what is left of the first would show.
    inputs, targets = _draw(student)
    found = student.train(inputs, targets, student.keras.optimizers.Adam(0.1), EPOCHS)
    expect_equal(len(student.numbers(found)), EPOCHS)
    expect_close(student.numbers(found), _descend(inputs, targets, 0.1, adam=True), ROUNDING)
