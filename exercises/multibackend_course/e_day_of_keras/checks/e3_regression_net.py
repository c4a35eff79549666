"""E3: 89 parameters, sigmoids inside, and an output without bounds."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

SHAPES = [(5, 8), (8,), (8, 4), (4,), (4, 1), (1,)]
SINGLE = 1e-5  # three layers of at most eight products in single precision


def _settle(student: Student, scale: float) -> tuple[Any, list[np.ndarray]]:
    """The student's model, with weights of ours."""
    model = student.once("build_model")
    weights = [student.random.normal(0, scale, shape) for shape in SHAPES]
    student.set_weights(model, weights)
    return model, weights


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@point()
def shapes(student: Student) -> None:
    model = student.once("build_model")
    expect_equal(model.input_shape, (None, 5))
    expect_equal(model.output_shape, (None, 1))


@point()
def parameters(student: Student) -> None:
    model = student.once("build_model")
    expect_equal(model.count_params(), 89)
    expect_equal([weight.shape for weight in student.weights(model)], SHAPES)


@point()
def unbounded(student: Student) -> None:
    model = student.once("build_model")
    last = [np.ones(shape) for shape in SHAPES[4:]]
    for sign in (-1, 1):
        student.set_weights(model, [np.zeros(shape) for shape in SHAPES[:4]] + [50 * sign * weight for weight in last])
        found = student.apply(model, np.zeros((1, 5)))
        expect(bool(sign * found[0, 0] > 1), "> 1" if sign > 0 else "< -1", found)


@point(marks=2)
def values(student: Student) -> None:
    model, (kernel, bias, kernel2, bias2, kernel3, bias3) = _settle(student, 1.0)
    x = student.random.normal(size=(6, 5))
    hidden = _sigmoid(_sigmoid(x @ kernel + bias) @ kernel2 + bias2)
    expect_close(student.apply(model, x), hidden @ kernel3 + bias3, SINGLE)


@point()
def counts(student: Student) -> None:
    keras, layers = student.keras, student.keras.layers
    inputs, width = (int(size) for size in student.random.integers(2, 20, 2))
    model = keras.Sequential([keras.Input((inputs,)), layers.Dense(width), layers.Dropout(0.5), layers.Dense(3)])
    expect_equal(student.count_parameters(model), [inputs * width + width, 0, 3 * width + 3])
