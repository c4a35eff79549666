"""A8: a declared input of two columns, 102 parameters, relu in the hidden layer and softmax over two classes."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # exponentials and a mean of 20 equal numbers in single precision
SUMS = np.array([-2.0, -1.0, 1.0, 2.0])
SHAPES = [(2, 20), (20,), (20, 2), (2,)]


def _respond(student: Student, model: Any, output_weight: float, output_bias: float) -> np.ndarray:
    """The model's outputs where each hidden neuron's sum is one of SUMS; the first class' logit is 0."""
    inputs = np.stack([SUMS, np.zeros(4)], axis=1).astype("float32")
    student.apply(model, inputs)  # which builds a model without a declared input
    expect_equal([array.shape for array in student.weights(model)], SHAPES)
    arrays = [np.zeros(shape) for shape in SHAPES]
    arrays[0][0] = 1.0
    arrays[2][:, 1] = output_weight
    arrays[3][1] = output_bias
    student.set_weights(model, arrays)
    return student.apply(model, inputs)


@point()
def declared(student: Student) -> None:
    model = student.build_model()
    expect_equal(model.built, True)
    expect_equal(model.input_shape, (None, 2))


@point()
def parameters(student: Student) -> None:
    model = student.build_model()
    student.apply(model, np.zeros((4, 2), "float32"))
    expect_equal(model.count_params(), 102)


@point()
def classes(student: Student) -> None:
    outputs = student.apply(student.build_model(), student.random.normal(size=(4, 2)).astype("float32"))
    expect_equal(outputs.shape, (4, 2))
    expect(bool((outputs >= 0).all()), ">= 0", outputs)
    expect_close(outputs.sum(axis=-1), np.ones(4), ROUNDING)


@point()
def hidden(student: Student) -> None:
    # Relu gives 0 for both negative sums, and different numbers for the positive ones.
    found = _respond(student, student.build_model(), output_weight=1 / 20, output_bias=0.5)
    expect_close(found[0], found[1], ROUNDING)
    expect(abs(found[3] - found[2]).max() > 1e-3, "relu(2) ≠ relu(1)", found)


@point()
def softmax(student: Student) -> None:
    # Without weights the logits are the biases, here 0 and a number of ours.
    bias = float(student.random.uniform(1, 3))
    second = 1 / (1 + np.exp(-bias))
    found = _respond(student, student.build_model(), output_weight=0.0, output_bias=bias)
    expect_close(found, np.tile([1 - second, second], (4, 1)), ROUNDING)
