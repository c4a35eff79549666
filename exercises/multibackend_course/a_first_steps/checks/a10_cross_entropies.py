"""A10: three cross-entropies by hand, which agree on two classes, and the figures of the answer."""

import numpy as np

from multibackend.course.judging import expect, expect_close, point
from multibackend.course.remote import Student

ROUNDING = 1e-6  # single precision serves as well as double
CLIPPED = 0.02  # of 16: the difference between single and double precision at 1 - 1e-7


def _loss(classes: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of minus the logarithm of the probability that each row gave its class."""
    return float(-np.log(probabilities[np.arange(len(classes)), classes]).mean())


def _draw(student: Student, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes, and probabilities far enough from 0."""
    probabilities = student.random.uniform(0.1, 1, size=(rows, classes))
    return student.random.integers(classes, size=rows), probabilities / probabilities.sum(axis=1, keepdims=True)


@point()
def binary(student: Student) -> None:
    classes, probabilities = _draw(student, 7, 2)
    found = student.numbers(student.binary_crossentropy(classes, probabilities[:, 1]))
    expect_close(found, _loss(classes, probabilities), ROUNDING)


@point()
def categorical(student: Student) -> None:
    classes, probabilities = _draw(student, 6, 5)
    found = student.numbers(student.categorical_crossentropy(np.eye(5)[classes], probabilities))
    expect_close(found, _loss(classes, probabilities), ROUNDING)


@point()
def sparse(student: Student) -> None:
    classes, probabilities = _draw(student, 6, 5)
    found = student.numbers(student.sparse_categorical_crossentropy(classes, probabilities))
    expect_close(found, _loss(classes, probabilities), ROUNDING)


@point()
def certain_and_wrong(student: Student) -> None:
    classes, wrong = np.array([1, 0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    worst = -np.log(1e-7)
    expect_close(student.numbers(student.binary_crossentropy(classes, wrong[:, 1])), worst, CLIPPED)
    expect_close(student.numbers(student.categorical_crossentropy(np.eye(2)[classes], wrong)), worst, CLIPPED)
    expect_close(student.numbers(student.sparse_categorical_crossentropy(classes, wrong)), worst, CLIPPED)


@point(marks=2)
def figures(student: Student) -> None:
    classes, ones = np.array([1, 0, 1, 1]), np.array([0.9, 0.2, 0.6, 0.3])
    loss = _loss(classes, np.stack([1 - ones, ones], axis=1))
    expected = {
        "binary": loss,
        "categorical": loss,
        "sparse": loss,
        "worst": -np.log(1e-7),
        "one_hot_bytes": 60_000 * 10 * 4,
        "sparse_bytes": 60_000,
    }
    found = student.figures()
    expect(isinstance(found, dict) and set(found) == set(expected), ", ".join(expected), found)
    for name, value in expected.items():
        expect_close(student.numbers(found[name]), value, CLIPPED if name == "worst" else ROUNDING)
