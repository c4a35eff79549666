"""D1: the same network built in two ways, and models compared by their settings, not by their names."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # float32 sums of at most 32 products: some 32 x 6e-8 of numbers near 1

SHAPES = [(16, 32), (32,), (32, 8), (8,), (8, 3), (3,)]


def _expect_network(student: Student, model: Any) -> None:
    """Demand a built network of those shapes that computes relu, relu and softmax."""
    expect(student.is_a(model, "Sequential"), "Sequential", student.class_name(model))
    expect_equal(model.built, True, "built")
    expect_equal([weight.shape for weight in student.weights(model)], SHAPES)
    weights = [student.random.normal(size=shape) / np.sqrt(shape[0]) for shape in SHAPES]
    student.set_weights(model, weights)
    rows = student.random.normal(size=(5, 16)).astype("float32")
    hidden = np.maximum(rows @ weights[0] + weights[1], 0)
    hidden = np.maximum(hidden @ weights[2] + weights[3], 0)
    expect_close(student.apply(model, rows), special.softmax(hidden @ weights[4] + weights[5], axis=-1), ROUNDING)


def _model(student: Student, inputs: int = 6, units: int = 4, activation: str = "relu", depth: int = 1) -> Any:
    layers = student.keras.layers
    hidden = [layers.Dense(units, activation=activation) for _ in range(depth)]
    return student.keras.Sequential([student.keras.Input((inputs,)), *hidden, layers.Dense(2)])


@point(marks=2)
def from_list(student: Student) -> None:
    _expect_network(student, student.build_from_list())


@point(marks=2)
def by_adding(student: Student) -> None:
    _expect_network(student, student.build_by_adding())


@point()
def same(student: Student) -> None:
    units = int(student.random.integers(3, 9))
    expect_equal(student.has_same_config(_model(student, units=units), _model(student, units=units)), True)


@point(marks=2)
def different(student: Student) -> None:
    first = _model(student)
    for changed in ({"units": 5}, {"activation": "tanh"}, {"depth": 2}, {"inputs": 7}):
        expect_equal(student.has_same_config(first, _model(student, **changed)), False, next(iter(changed)))
