"""C7: raw pixels, normalised inside the network: by the batch in training, by running averages afterwards."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist

SINGLE = 1e-4  # a division by some standard deviations, 784 products and a softmax in single precision
FIRST = np.array([0, 1, 2])


def _settle(student: Student) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """The student's model, its normalisation, and a kernel and bias of ours in its dense layer."""
    model = student.once("build_model")
    layers = student.layers(model)
    normalisation = next((x for x in layers if student.is_a(x, "layers.BatchNormalization")), None)
    dense = next((x for x in layers if student.is_a(x, "layers.Dense")), None)
    expect(
        normalisation is not None and dense is not None,
        "BatchNormalization, Dense",
        [student.class_name(x) for x in layers],
    )
    kernel, bias = student.random.normal(0, 0.05, (784, 10)), student.random.normal(size=10)
    student.set_weights(dense, [kernel, bias])
    student.set_weights(normalisation, [np.ones(784), np.zeros(784), np.zeros(784), np.ones(784)])
    return model, normalisation, kernel, bias


def _draw_pixels(student: Student) -> np.ndarray:
    """Pixels whose columns each have a level and spread of their own, and no column just one value."""
    return student.random.uniform(0, 255, 784) + student.random.normal(size=(32, 784)) * student.random.uniform(
        20, 60, 784
    )


@point()
def data(student: Student) -> None:
    x_train, y_train, x_test, y_test = load_mnist()
    found = student.once("load_data")
    expect_equal((found.training.rows, found.test.rows), (60_000, 10_000))
    for split, images, digits in ((found.training, x_train, y_train), (found.test, x_test, y_test)):
        rows = split.take(FIRST)
        expect_close(rows.inputs, images[FIRST].reshape(3, 784), 0.0)  # whole numbers, exact in any dtype
        expect_close(rows.targets, np.eye(10)[digits[FIRST]], 0.0)


@point()
def parameters(student: Student) -> None:
    expect_equal(student.once("build_model").count_params(), 10_986)


def demand_network(student: Student) -> None:
    """The student's model, in training, is a normalisation by the batch, a dense layer and a softmax."""
    model, _, kernel, bias = _settle(student)
    pixels = _draw_pixels(student)
    normalised = (pixels - pixels.mean(axis=0)) / pixels.std(axis=0)
    # Keras adds 0.001 to variances of 400 and more: less than the tolerance.
    expect_close(
        student.apply(model, pixels, training=True), special.softmax(normalised @ kernel + bias, axis=-1), SINGLE
    )


@point(marks=2)
def by_the_batch(student: Student) -> None:
    demand_network(student)


@point()
def by_running_averages(student: Student) -> None:
    model, normalisation, kernel, bias = _settle(student)
    mean, variance = student.random.uniform(0, 255, 784), student.random.uniform(400, 3_600, 784)
    student.set_weights(normalisation, [np.ones(784), np.zeros(784), mean, variance])
    pixels = _draw_pixels(student)
    expected = special.softmax((pixels - mean) / np.sqrt(variance) @ kernel + bias, axis=-1)
    expect_close(student.apply(model, pixels), expected, SINGLE)


def demand_compiled(student: Student) -> None:
    """It is compiled with Adam, the categorical cross-entropy and accuracy."""
    model, _, kernel, bias = _settle(student)
    expect(student.is_a(model.optimizer, "optimizers.Adam"), "Adam", student.class_name(model.optimizer))
    pixels, one_hot = student.random.normal(size=(32, 784)), np.eye(10)[student.random.integers(0, 10, 32)]
    probabilities = special.softmax(
        pixels / np.sqrt(1.001) @ kernel + bias, axis=-1
    )  # Keras adds 0.001 to a variance of 1
    found = model.evaluate(pixels, one_hot, verbose=0, return_dict=True)
    expect_close(found["loss"], -np.mean(np.log((one_hot * probabilities).sum(axis=1))), SINGLE)
    right = np.mean(probabilities.argmax(axis=1) == one_hot.argmax(axis=1))
    expect_close(found.get("accuracy"), right, SINGLE)


@point()
def compiled(student: Student) -> None:
    demand_compiled(student)


@point()
def frozen(student: Student) -> None:
    inputs, outputs = (int(size) for size in student.random.integers(3, 20, 2))
    layers = student.keras.layers
    model = student.keras.Sequential(
        [student.keras.Input((inputs,)), layers.BatchNormalization(), layers.Dense(outputs)],
    )
    expected = {"trainable": 2 * inputs + inputs * outputs + outputs, "frozen": 2 * inputs}
    expect_equal(student.count_parameters(model), expected)
