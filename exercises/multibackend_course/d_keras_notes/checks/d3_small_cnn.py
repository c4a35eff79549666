"""D3: images with a channel, a convolutional network of the right shapes and parameters, compiled for digits."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # float32 sums of at most 784 products of numbers near 1, then a softmax
SHAPES = [(28, 28, 8), (14, 14, 8), (14, 14, 16), (7, 7, 16), (784,), (10,)]
WEIGHTS = [(3, 3, 1, 8), (8,), (3, 3, 8, 16), (16,), (784, 10), (10,)]


def _shapes(student: Student, model: Any) -> list[Any]:
    """The shapes on the way, each once: an activation or a dropout of its own changes none."""
    found = [(28, 28, 1)]
    for layer in student.layers(model):
        shape = tuple(layer.output.shape)[1:]
        if shape != found[-1]:
            found.append(shape)
    return found[1:]


@point()
def scaled(student: Student) -> None:
    images = student.random.integers(0, 256, size=(3, 28, 28)).astype("uint8")
    kept = images.copy()
    # Single precision serves as well as double.
    expect_close(student.numbers(student.scale(images)), kept[..., np.newaxis] / 255, 1e-6)


@point(marks=2)
def shapes(student: Student) -> None:
    model = student.once("build_model")
    expect_equal(model.input_shape, (None, 28, 28, 1))
    expect_equal(_shapes(student, model), SHAPES)


@point()
def kernels(student: Student) -> None:
    model = student.once("build_model")
    expect_equal([weight.shape for weight in student.weights(model)], WEIGHTS)
    expect_equal(model.count_params(), 9_098)


@point(marks=2)
def output(student: Student) -> None:
    """Kernels that are zero but in their middle mix channels alone, so that NumPy can follow an image."""
    model = student.once("build_model")
    expect_equal([weight.shape for weight in student.weights(model)], WEIGHTS)
    weights = [np.zeros(shape) for shape in WEIGHTS]
    weights[0][1, 1, 0] = student.random.normal(size=8)
    weights[2][1, 1] = student.random.normal(size=(8, 16)) / 3
    weights[4] = student.random.normal(size=WEIGHTS[4]) / 28
    student.set_weights(model, weights)
    images = student.random.random((4, 28, 28, 1)).astype("float32")
    hidden = _pool(np.maximum(images @ weights[0][1, 1], 0))
    hidden = _pool(np.maximum(hidden @ weights[2][1, 1], 0))
    expected = special.softmax(hidden.reshape(4, -1) @ weights[4], axis=-1)
    expect_close(student.apply(model, images), expected, ROUNDING)


def _pool(images: np.ndarray) -> np.ndarray:
    """The largest of each 2 x 2 pixels."""
    rows, height, width, channels = images.shape
    return images.reshape(rows, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


@point()
def compiled(student: Student) -> None:
    model = student.once("build_model")
    expect_equal(model.compiled, True)
    expect(student.is_a(model.optimizer, "optimizers.Adam"), "Adam", student.class_name(model.optimizer))
    images = student.random.random((12, 28, 28, 1)).astype("float32")
    digits = student.random.integers(0, 10, size=12)
    probabilities = student.apply(model, images)
    expect_equal(probabilities.shape, (12, 10))
    found = model.evaluate(images, digits, verbose=0, return_dict=True)
    expect(isinstance(found, dict) and "accuracy" in found, "loss, accuracy", found, "metrics")
    # The two ways of computing the probabilities differ by rounding.
    expect_close(found["loss"], -np.log(probabilities[np.arange(12), digits]).mean(), 1e-4)
    expect_close(found["accuracy"], (probabilities.argmax(axis=-1) == digits).mean(), ROUNDING)


@point()
def traced(student: Student) -> None:
    keras, channels = student.keras, int(student.random.integers(2, 7))
    layers = [
        keras.Input((12, 9, 2)),
        keras.layers.Conv2D(channels, 3),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
    ]
    expected = [(10, 7, channels), (5, 3, channels), (15 * channels,)]
    expect_equal(student.trace_shapes(keras.Sequential(layers)), expected)
