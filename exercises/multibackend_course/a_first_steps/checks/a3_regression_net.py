"""A3: two layers, 121 parameters on two inputs, relu in the hidden one and nothing at the output."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # a mean of 30 equal numbers in single precision
SUMS = np.array([-2.0, -1.0, 1.0, 2.0])


def _respond(student: Student, model: Any, output_weight: float, output_bias: float) -> np.ndarray:
    """The model's outputs where each hidden neuron's sum is one of SUMS, for given output weights."""
    inputs = np.stack([SUMS, np.zeros(4)], axis=1).astype("float32")
    student.apply(model, inputs)  # which builds a model without declared inputs
    arrays = [np.zeros(array.shape) for array in student.weights(model)]
    expect_equal([array.shape for array in arrays], [(2, 30), (30,), (30, 1), (1,)])
    arrays[0][0] = 1.0
    arrays[2][:] = output_weight
    arrays[3][:] = output_bias
    student.set_weights(model, arrays)
    return student.apply(model, inputs)


@point()
def layers(student: Student) -> None:
    model = student.build_model(2)
    student.apply(model, np.zeros((4, 2), "float32"))
    expect_equal([array.shape for array in student.weights(model)], [(2, 30), (30,), (30, 1), (1,)])


@point()
def inputs(student: Student) -> None:
    number = int(student.random.integers(3, 20))
    model = student.build_model(number)
    expect_equal(student.apply(model, np.zeros((4, number), "float32")).shape, (4, 1))
    expect_equal(student.weights(model)[0].shape, (number, 30))


@point()
def hidden(student: Student) -> None:
    # Relu gives 0 for both negative sums, and different numbers for the positive ones.
    found = _respond(student, student.build_model(2), output_weight=1 / 30, output_bias=0.5).ravel()
    expect_close(found[:1], found[1:2], ROUNDING)
    expect(abs(found[3] - found[2]) > 1e-3, "relu(2) ≠ relu(1)", found)


@point()
def output(student: Student) -> None:
    # Without weights the output is its bias, if nothing is done to it.
    model = student.build_model(2)
    for bias in (-3.0, 5.0):
        expect_close(_respond(student, model, output_weight=0.0, output_bias=bias), np.full((4, 1), bias), ROUNDING)


@point(marks=2)
def parameters(student: Student) -> None:
    inputs, hidden, outputs = (int(number) for number in student.random.integers(2, 50, size=3))
    expect_equal(student.count_parameters(2, 30, 1), 121)
    expect_equal(
        student.count_parameters(inputs, hidden, outputs), inputs * hidden + hidden + hidden * outputs + outputs
    )
