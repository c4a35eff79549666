"""B4: eleven parameters, a sigmoid of the weighted sum, and one class under three names."""

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # a sum of ten products in single precision


@point()
def inputs(student: Student) -> None:
    expect_equal(student.build_perceptron().input_shape, (None, 10))


@point()
def parameters(student: Student) -> None:
    expect_equal(student.build_perceptron().count_params(), 11)


@point(marks=2)
def outputs(student: Student) -> None:
    model = student.build_perceptron()
    kernel, bias = student.random.normal(size=(10, 1)), student.random.normal(size=1)
    student.set_weights(model, [kernel, bias])
    rows = student.random.normal(size=(4, 10)).astype("float32")
    expect_close(student.apply(model, rows), 1 / (1 + np.exp(-rows @ kernel - bias)), ROUNDING)


@point()
def ways(student: Student) -> None:
    found = student.ways_to_dense()
    expect(isinstance(found, (list, tuple)) and len(found) == 3, "three classes", found)
    for way in found:
        layer = way(2)
        expect(student.is_a(layer, "layers.Dense"), "Dense", student.class_name(layer))


@point()
def the_same(student: Student) -> None:
    layers = student.keras.layers
    expect_equal(student.is_one_class([layers.Dense] * 3), True)
    expect_equal(student.is_one_class([layers.Dense, layers.Dense, layers.Activation]), False)
    expect_equal(student.is_one_class([layers.Dense, layers.Flatten, layers.Dense]), False)
