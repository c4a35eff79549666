"""A7: ten neurons, probabilities over them, and the class that these say."""

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # exponentials of sums of a few products in single precision


@point()
def neurons(student: Student) -> None:
    layer = student.make_layer()
    outputs = student.apply(layer, student.random.normal(size=(4, 3)).astype("float32"))
    expect_equal(outputs.shape, (4, 10))
    expect_equal([array.shape for array in student.weights(layer)], [(3, 10), (10,)])


@point()
def probabilities(student: Student) -> None:
    outputs = student.apply(student.make_layer(), student.random.normal(size=(4, 3)).astype("float32"))
    expect(bool((outputs >= 0).all()), ">= 0", outputs)
    expect_close(outputs.sum(axis=-1), np.ones(4), ROUNDING)


@point()
def softmax(student: Student) -> None:
    layer, inputs = student.make_layer(), student.random.normal(size=(4, 3)).astype("float32")
    student.apply(layer, inputs)
    kernel, bias = (student.random.normal(size=array.shape) for array in student.weights(layer))
    student.set_weights(layer, [kernel, bias])
    expect_close(student.apply(layer, inputs), special.softmax(inputs @ kernel + bias, axis=-1), ROUNDING)


@point()
def classes(student: Student) -> None:
    rows = student.random.dirichlet(np.ones(10), size=6)
    expect_equal(student.numbers(student.choose_classes(rows)).tolist(), rows.argmax(axis=1).tolist())
