"""B5: a functional model and a subclass are the perceptron that Sequential gives."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # a sum of ten products in single precision


def _rows(student: Student) -> np.ndarray:
    return student.random.normal(size=(4, 10)).astype("float32")


def _demand_perceptron(student: Student, model: Any) -> None:
    """Demand eleven weights, and the sigmoid of the weighted sum."""
    rows = _rows(student)
    student.apply(model, rows)
    kernel, bias = student.random.normal(size=(10, 1)), student.random.normal(size=1)
    expect_equal(model.count_params(), 11)
    student.set_weights(model, [kernel, bias])
    expect_close(student.apply(model, rows), 1 / (1 + np.exp(-rows @ kernel - bias)), ROUNDING)


def _demand_other_than_sequential(student: Student, model: Any) -> None:
    found = student.is_a(model, "Model") and not student.is_a(model, "Sequential")
    expect(found, "a keras.Model that isn't Sequential", student.class_name(model))


@point()
def functional(student: Student) -> None:
    model = student.build_functional()
    _demand_other_than_sequential(student, model)
    expect_equal(model.input_shape, (None, 10))


@point(marks=2)
def functional_perceptron(student: Student) -> None:
    _demand_perceptron(student, student.build_functional())


@point()
def subclass(student: Student) -> None:
    model = student.Perceptron()
    _demand_other_than_sequential(student, model)
    expect_equal(model.built, False)


@point(marks=2)
def subclass_perceptron(student: Student) -> None:
    _demand_perceptron(student, student.Perceptron())


@point(marks=2)
def equal_outputs(student: Student) -> None:
    models = [student.build_sequential(), student.build_functional(), student.Perceptron()]
    before = student.weights(models[0])
    student.share_weights(models)
    rows = _rows(student)
    outputs = [student.apply(model, rows) for model in models]
    expect_close(student.weights(models[0])[0], before[0], 0)
    for found in outputs[1:]:
        expect_close(found, outputs[0], ROUNDING)
