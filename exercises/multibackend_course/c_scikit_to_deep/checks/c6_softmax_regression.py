"""C6: one layer and a softmax; an epoch of it, what it predicts, and how it is judged."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

SINGLE = 1e-5  # sums of 784 products in single precision, then a softmax or the mean of some logarithms


def _build(student: Student) -> tuple[Any, np.ndarray, np.ndarray]:
    """The student's model with weights of ours: kernel and bias, which leave no probability near 0."""
    model = student.once("build_model")
    kernel, bias = student.random.normal(0, 0.05, (784, 10)), student.random.normal(size=10)
    student.set_weights(model, [kernel, bias])
    return model, kernel, bias


def _draw_rows(student: Student, rows: int) -> tuple[np.ndarray, np.ndarray]:
    return student.random.random((rows, 784)), np.eye(10)[student.random.integers(0, 10, rows)]


@point()
def parameters(student: Student) -> None:
    expect_equal(student.once("build_model").count_params(), 7_850)


@point()
def softmax(student: Student) -> None:
    model, kernel, bias = _build(student)
    pixels, _ = _draw_rows(student, 96)
    expect_close(student.apply(model, pixels), special.softmax(pixels @ kernel + bias, axis=-1), SINGLE)


@point()
def adam(student: Student) -> None:
    optimizer = student.once("build_model").optimizer
    expect(student.is_a(optimizer, "optimizers.Adam"), "Adam", student.class_name(optimizer))


@point()
def training(student: Student) -> None:
    model = student.build_model()
    before = student.weights(model)
    history = student.train(model, *_draw_rows(student, 96))
    expect_equal(student.numbers(history["loss"]).shape, (1,))
    expect_equal(int(student.numbers(model.optimizer.iterations)), 3)
    expect(not np.array_equal(student.weights(model)[0], before[0]), "≠", "=")


@point()
def evaluation(student: Student) -> None:
    model, kernel, bias = _build(student)
    pixels, one_hot = _draw_rows(student, 96)
    probabilities = special.softmax(pixels @ kernel + bias, axis=-1)
    found = student.evaluate(model, pixels, one_hot)
    expect(isinstance(found, dict) and {"loss", "accuracy"} <= set(found), "{'loss': …, 'accuracy': …}", found)
    expect_close(student.numbers(found["loss"]), -np.mean(np.log((one_hot * probabilities).sum(axis=1))), SINGLE)
    right = np.mean(probabilities.argmax(axis=1) == one_hot.argmax(axis=1))
    expect_close(student.numbers(found["accuracy"]), right, SINGLE)


@point()
def digits(student: Student) -> None:
    model, kernel, bias = _build(student)
    pixels, _ = _draw_rows(student, 96)
    expect_equal(student.numbers(student.predict_digits(model, pixels)), (pixels @ kernel + bias).argmax(axis=1))
