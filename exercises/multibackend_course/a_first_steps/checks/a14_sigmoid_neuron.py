"""A14: a neuron by hand answers as Keras' own, row by row, and for any sums."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # sums of a few products in single precision


def _answer(student: Student, neuron: Any, inputs: np.ndarray) -> np.ndarray:
    """A number a row; a column is taken for a row of numbers."""
    found = student.numbers(neuron(inputs))
    return found.reshape(-1) if found.size == len(inputs) else found


@point()
def values(student: Student) -> None:
    weights, inputs = student.random.normal(size=4), student.random.normal(size=(1, 4))
    bias = float(student.random.normal())
    found = _answer(student, student.SigmoidNeuron(weights, bias), inputs)
    expect_close(found, 1 / (1 + np.exp(-(inputs @ weights + bias))), ROUNDING)


@point()
def rows(student: Student) -> None:
    weights, inputs = student.random.normal(size=3), student.random.normal(size=(6, 3))
    found = _answer(student, student.SigmoidNeuron(weights, 0.5), inputs)
    expect_equal(found.shape, (6,))
    expect_close(found, 1 / (1 + np.exp(-(inputs @ weights + 0.5))), ROUNDING)


@point()
def two_neurons(student: Student) -> None:
    inputs = np.array([[1.0, 2.0]])
    first = student.SigmoidNeuron(np.array([1.0, 0.0]), 0.0)
    second = student.SigmoidNeuron(np.array([0.0, 1.0]), -1.0)
    expect_close(_answer(student, first, inputs), [1 / (1 + np.exp(-1))], ROUNDING)
    expect_close(_answer(student, second, inputs), [1 / (1 + np.exp(-1))], ROUNDING)
    expect_close(_answer(student, first, 2 * inputs), [1 / (1 + np.exp(-2))], ROUNDING)


@point(marks=2)
def dense(student: Student) -> None:
    weights, bias = student.random.normal(size=5).astype("float32"), float(student.random.normal())
    inputs = student.random.normal(size=(4, 5)).astype("float32")
    layer = student.keras.layers.Dense(1, activation="sigmoid")
    layer.build((None, 5))
    student.set_weights(layer, [weights[:, np.newaxis], np.array([bias], "float32")])
    expected = student.apply(layer, inputs).reshape(-1)
    expect_close(_answer(student, student.SigmoidNeuron(weights, bias), inputs), expected, ROUNDING)


@point()
def large(student: Student) -> None:
    neuron = student.SigmoidNeuron(np.array([1.0]), 0.0)
    expect_close(_answer(student, neuron, np.array([[1000.0], [-1000.0], [0.0]])), [1.0, 0.0, 0.5], ROUNDING)
