"""B1: a seed repeats a run; weights and order that NumPy draws make it the same run on every backend."""

import re

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-6  # weights are kept in single precision
TRAINED = 1e-4  # nine steps in single precision, against the same in double
EPOCHS = 3
BATCH_SIZE = 16
RATE = 0.1


def _initial(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    limit = np.sqrt(6 / sum(shape))
    return generator.uniform(-limit, limit, shape) if len(shape) == 2 else np.zeros(shape)


def _rows(student: Student) -> tuple[np.ndarray, np.ndarray]:
    inputs = student.random.normal(size=(48, 3))
    return inputs.astype("float32"), (inputs @ [[1.0], [-2.0], [3.0]] + 0.5).astype("float32")


def _losses(inputs: np.ndarray, targets: np.ndarray, seed: int) -> list[float]:
    """The loss of each epoch of one linear neuron, by NumPy alone."""
    kernel, bias, losses = _initial(np.random.default_rng(seed), (3, 1)), 0.0, []
    for epoch in range(EPOCHS):
        order = np.random.default_rng([seed, epoch]).permutation(len(inputs))
        found = []
        for rows in order.reshape(-1, BATCH_SIZE):
            error = inputs[rows] @ kernel + bias - targets[rows]
            found.append(np.mean(error**2))
            kernel = kernel - RATE * 2 * inputs[rows].T @ error / BATCH_SIZE
            bias -= RATE * 2 * error.mean()
        losses.append(float(np.mean(found)))
    return losses


@point()
def versions(student: Student) -> None:
    found = student.versions()
    expect(
        isinstance(found, dict) and set(found) == {"python", "numpy", "keras", "backend"},
        "python, numpy, keras, backend",
        found,
    )
    for name in ("python", "numpy"):
        expect(
            isinstance(found[name], str) and re.match(r"\d+\.\d+", found[name]) is not None, "a version", found[name]
        )
    expect_equal(found["keras"], student.keras.version())
    expect_equal(found["backend"], student.keras.config.backend())


@point(marks=2)
def frozen(student: Student) -> None:
    seed = int(student.random.integers(1000))
    student.freeze(seed)
    first = student.draw()
    student.freeze(seed)
    expect_equal(student.draw(), first)
    student.freeze(seed + 1)
    other = student.draw()
    expect(all(a != b for a, b in zip(first, other, strict=True)), "other numbers for another seed", other)


@point(marks=2)
def weights(student: Student) -> None:
    layers, seed = student.keras.layers, int(student.random.integers(1000))
    model = student.keras.Sequential([student.keras.Input((4,)), layers.Dense(5), layers.Dense(2)])
    student.initialise(model, seed)
    generator = np.random.default_rng(seed)
    for found, shape in zip(student.weights(model), [(4, 5), (5,), (5, 2), (2,)], strict=True):
        expect_close(found, _initial(generator, shape), ROUNDING)


@point()
def order(student: Student) -> None:
    rows, seed = int(student.random.integers(20, 40)), int(student.random.integers(1000))
    for epoch in (0, 1):
        found = student.numbers(student.batch_order(rows, seed, epoch))
        expect_equal(sorted(found.tolist()), list(range(rows)))
        expect_equal(found.tolist(), np.random.default_rng([seed, epoch]).permutation(rows).tolist())


@point(marks=2)
def repeated(student: Student) -> None:
    inputs, targets = _rows(student)
    first = student.train(inputs, targets, 7, EPOCHS)
    expect(isinstance(first, list) and len(first) == EPOCHS, f"{EPOCHS} losses", first)
    expect_equal(student.train(inputs, targets, 7, EPOCHS), first)


@point(marks=2)
def everywhere(student: Student) -> None:
    inputs, targets = _rows(student)
    expect_close(student.train(inputs, targets, 3, EPOCHS), _losses(inputs, targets, 3), TRAINED)
