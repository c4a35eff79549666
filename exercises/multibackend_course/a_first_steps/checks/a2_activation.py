"""A2: sixty neurons, their sums through relu, and relu by hand."""

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # sums of a few products in single precision


@point()
def neurons(student: Student) -> None:
    layer = student.make_layer()
    outputs = student.apply(layer, student.random.normal(size=(4, 3)).astype("float32"))
    expect_equal(outputs.shape, (4, 60))
    expect_equal([array.shape for array in student.weights(layer)], [(3, 60), (60,)])


@point()
def activation(student: Student) -> None:
    layer, inputs = student.make_layer(), student.random.normal(size=(4, 3)).astype("float32")
    student.apply(layer, inputs)
    kernel, bias = (student.random.normal(size=array.shape) for array in student.weights(layer))
    student.set_weights(layer, [kernel, bias])
    expect_close(student.apply(layer, inputs), np.maximum(inputs @ kernel + bias, 0), ROUNDING)


@point()
def relu(student: Student) -> None:
    values = np.concatenate([student.random.normal(size=5), [0.0, -1000.0, 1000.0]])
    expect_close(student.numbers(student.relu(values)), np.maximum(values, 0), ROUNDING)


@point()
def relu_of_a_table(student: Student) -> None:
    values = student.random.normal(size=(3, 4))
    expect_close(student.numbers(student.relu(values)), np.maximum(values, 0), ROUNDING)
