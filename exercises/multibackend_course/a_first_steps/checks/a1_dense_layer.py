"""A1: sixty neurons, no weights before there are inputs, and their number afterwards."""

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student


@point()
def dense(student: Student) -> None:
    layer = student.make_layer()
    expect(student.is_a(layer, "layers.Dense"), "Dense", student.class_name(layer))
    inputs = student.random.normal(size=(3, 5)).astype("float32")
    outputs = student.apply(layer, inputs)
    kernel, bias = student.weights(layer)
    expect_close(outputs, inputs @ kernel + bias, 1e-5)  # single precision, sums of five


@point()
def neurons(student: Student) -> None:
    layer = student.make_layer()
    expect_equal(layer.units, 60)
    expect_equal(student.apply(layer, np.ones((2, 3), "float32")).shape, (2, 60))


@point()
def not_built(student: Student) -> None:
    layer = student.make_layer()
    expect_equal(layer.built, False)
    expect_equal(student.weights(layer), [])


@point(marks=2)
def weights(student: Student) -> None:
    inputs = int(student.random.integers(2, 50))
    expect_equal(student.count_weights(student.keras.layers.Dense(7), inputs), 7 * inputs + 7)
    expect_equal(student.count_weights(student.keras.layers.Dense(60), inputs), 60 * inputs + 60)
