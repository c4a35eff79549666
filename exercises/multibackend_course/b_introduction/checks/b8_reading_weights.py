"""B8: a layer's weights by its name and by its position, as arrays, and the shapes of all."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Remote, Student
from multibackend_course.b_introduction.checks.b6_mlp import draw_weights

SIZES = [3, 4, 5]
KEPT = 0  # weights are read, not computed


def _model(student: Student, weights: list[np.ndarray]) -> Remote:
    """Two layers with weights, "left" and "right", at positions 1 and 3."""
    keras = student.keras
    layers = [
        keras.layers.Activation("relu", name="bend"),
        keras.layers.Dense(SIZES[1], name="left"),
        keras.layers.Activation("relu", name="middle"),
        keras.layers.Dense(SIZES[2], name="right"),
    ]
    model = keras.Sequential([keras.Input((SIZES[0],)), *layers])
    student.set_weights(model, weights)
    return model


def _demand(found: Any, expected: list[np.ndarray]) -> None:
    expect(isinstance(found, (list, tuple)) and len(found) == 2, "kernel and bias", found)
    for array, numbers in zip(found, expected, strict=True):
        expect(isinstance(array, np.ndarray), "a NumPy array", array)
        expect_close(array, numbers, KEPT)


@point(marks=2)
def by_name(student: Student) -> None:
    weights = draw_weights(student.random, SIZES)
    model = _model(student, weights)
    _demand(student.weights_by_name(model, "right"), weights[2:])
    _demand(student.weights_by_name(model, "left"), weights[:2])


@point(marks=2)
def by_position(student: Student) -> None:
    weights = draw_weights(student.random, SIZES)
    model = _model(student, weights)
    _demand(student.weights_by_position(model, 1), weights[:2])
    _demand(student.weights_by_position(model, 3), weights[2:])


@point()
def first(student: Student) -> None:
    expect_equal(student.name_first_with_weights(_model(student, draw_weights(student.random, SIZES))), "left")


@point()
def of_the_mlp(student: Student) -> None:
    kernel, bias = student.weights_by_name(student.build_mlp(), "first")
    expect_equal(student.numbers(kernel).shape, (784, 256))
    expect_equal(student.numbers(bias).shape, (256,))


@point(marks=2)
def all_shapes(student: Student) -> None:
    model = _model(student, draw_weights(student.random, SIZES))
    expect_equal(student.shapes(model), {"left": ((3, 4), (4,)), "right": ((4, 5), (5,))})
