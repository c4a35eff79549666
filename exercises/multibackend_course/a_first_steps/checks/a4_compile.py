"""A4: the optimizer is gradient descent, the loss the mean squared error, and an update is what these two say."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # sums of eight products in single precision


def _make_model(student: Student) -> Any:
    """One linear neuron on two inputs, not compiled."""
    keras = student.keras
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def _expect_gradient_descent(student: Student, model: Any, rate: float) -> None:
    optimizer = model.optimizer
    expect(student.is_a(optimizer, "optimizers.SGD"), "SGD", student.class_name(optimizer))
    expect_close(student.numbers(optimizer.learning_rate), rate, 1e-6)  # as it is held in single precision


def _expect_squared_error(student: Student, model: Any) -> None:
    targets, predictions = student.random.normal(size=(2, 8, 1)).astype("float32")
    loss = model.compute_loss(x=None, y=student.keras.ops.array(targets), y_pred=student.keras.ops.array(predictions))
    expect_close(student.numbers(loss), np.mean((targets - predictions) ** 2), ROUNDING)


@point()
def optimizer(student: Student) -> None:
    model = _make_model(student)
    student.compile_model(model)
    _expect_gradient_descent(student, model, rate=0.01)


@point()
def loss(student: Student) -> None:
    model = _make_model(student)
    student.compile_model(model)
    _expect_squared_error(student, model)


@point()
def update(student: Student) -> None:
    model = _make_model(student)
    student.compile_model(model)
    inputs, targets = (student.random.normal(size=(8, size)).astype("float32") for size in (2, 1))
    kernel, bias = student.random.normal(size=(2, 1)), student.random.normal(size=1)
    student.set_weights(model, [kernel, bias])
    model.train_on_batch(inputs, targets)
    errors = inputs @ kernel + bias - targets
    found_kernel, found_bias = student.weights(model)
    expect_close(found_kernel, kernel - 0.01 * 2 * inputs.T @ errors / 8, ROUNDING)
    expect_close(found_bias, bias - 0.01 * 2 * errors.mean(axis=0), ROUNDING)


@point()
def rate(student: Student) -> None:
    model = _make_model(student)
    learning_rate = float(student.random.uniform(0.05, 0.5))
    student.compile_with_rate(model, learning_rate)
    _expect_gradient_descent(student, model, learning_rate)
    _expect_squared_error(student, model)


@point()
def returned(student: Student) -> None:
    model = _make_model(student)
    found = [student.compile_model(model), student.compile_with_rate(model, 0.1)]
    expect_equal([student.is_a(item, "Model") for item in found], [True, True])
