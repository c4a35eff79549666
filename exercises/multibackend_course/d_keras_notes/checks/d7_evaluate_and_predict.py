"""D7: means over all rows by their names, probabilities, classes, and a single row, of the judge's model."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # float32 sums of 5 products and a softmax, numbers near 1
ROWS = 50  # more than a batch of 32, and no multiple of it: a mean of batches' means isn't the mean


def _model(student: Student) -> tuple[Any, np.ndarray, np.ndarray]:
    """A model of 4 classes, inputs, and its outputs for these, by NumPy."""
    keras = student.keras
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    kernel, bias = student.random.normal(size=(5, 4)), student.random.normal(size=4)
    student.set_weights(model, [kernel, bias])
    inputs = student.random.normal(size=(ROWS, 5)).astype("float32")
    return model, inputs, special.softmax(inputs @ kernel + bias, axis=-1)


@point(marks=2)
def measures(student: Student) -> None:
    model, inputs, probabilities = _model(student)
    classes = student.random.integers(0, 4, size=ROWS)
    found = student.measure(model, inputs, classes)
    expect(isinstance(found, dict) and set(found) == {"loss", "accuracy"}, "{'loss': …, 'accuracy': …}", found)
    expect([type(value) for value in found.values()] == [float, float], "float", found, "floats")
    expect_close(found["loss"], -np.log(probabilities[np.arange(ROWS), classes]).mean(), ROUNDING)
    expect_close(found["accuracy"], (probabilities.argmax(axis=-1) == classes).mean(), ROUNDING)


@point()
def probabilities(student: Student) -> None:
    model, inputs, expected = _model(student)
    found = student.predict_probabilities(model, inputs)
    expect(isinstance(found, np.ndarray), "ndarray", student.class_name(found))
    expect_close(found, expected, ROUNDING)


@point()
def classes(student: Student) -> None:
    model, inputs, expected = _model(student)
    found = student.numbers(student.predict_classes(model, inputs))
    expect_equal(found.shape, (ROWS,))
    expect_equal(found.tolist(), expected.argmax(axis=-1).tolist())


@point()
def one(student: Student) -> None:
    model, inputs, expected = _model(student)
    expect_close(student.numbers(student.predict_one(model, inputs[7])), expected[7], ROUNDING)
