"""B6: the parameters of each dense layer, relus as layers of their own, and the digits' probabilities."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-4  # four layers of up to 784 products in single precision, and an exponential
PARAMETERS = [200_960, 65_792, 32_896, 1_290]


def draw_weights(random: np.random.Generator, sizes: Sequence[int]) -> list[np.ndarray]:
    """Kernels and biases of dense layers of these sizes, such that signals neither grow nor fade."""
    weights = []
    for inputs, outputs in pairwise(sizes):
        weights += [random.normal(size=(inputs, outputs)) / np.sqrt(inputs / 2), random.normal(size=outputs) / 10]
    return [array.astype("float32") for array in weights]


def apply_mlp(weights: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The outputs of a dense network with relus and a final softmax, (rows, classes)."""
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        rows = np.maximum(rows @ kernel + bias, 0)
    return special.softmax(rows @ weights[-2] + weights[-1], axis=-1)


@point()
def inputs(student: Student) -> None:
    expect_equal(student.once("build_mlp").input_shape, (None, 784))


@point()
def parameters(student: Student) -> None:
    expect_equal(student.once("build_mlp").count_params(), 300_938)


@point(marks=2)
def relus_are_layers(student: Student) -> None:
    layers = student.layers(student.once("build_mlp"))
    dense = [layer for layer in layers if student.is_a(layer, "layers.Dense")]
    expect_equal([student.activation(layer) for layer in dense[:-1]], ["linear"] * 3)
    # ReLU() is a relu layer as much as Activation("relu").
    relus = [
        layer
        for layer in layers
        if student.is_a(layer, "layers.ReLU")
        or (student.is_a(layer, "layers.Activation") and student.activation(layer) == "relu")
    ]
    expect_equal(len(relus), 3)


@point(marks=2)
def probabilities(student: Student) -> None:
    model = student.once("build_mlp")
    weights = draw_weights(student.random, [784, 256, 256, 128, 10])
    student.set_weights(model, weights)
    rows = student.random.normal(size=(3, 784)).astype("float32")
    expect_close(student.apply(model, rows), apply_mlp(weights, rows), ROUNDING)


@point(marks=2)
def by_layer(student: Student) -> None:
    expect_equal(student.count_by_layer(student.once("build_mlp")), PARAMETERS)
    layers = student.keras.layers
    widths = student.random.integers(2, 9, size=3).tolist()
    model = student.keras.Sequential(
        [student.keras.Input((widths[0],)), layers.Dense(widths[1]), layers.ReLU(), layers.Dense(widths[2])]
    )
    found = student.count_by_layer(model)
    expect(isinstance(found, list), "a list", found)
    expect_equal(found, [(a + 1) * b for a, b in pairwise(widths)])
