"""E2: three dense layers, what their configurations say, the model that they make, and a copy of any layer."""

import numpy as np

from multibackend.course.judging import expect, expect_equal, point
from multibackend.course.remote import Student


@point()
def neurons(student: Student) -> None:
    layers = student.once("make_layers")
    expect_equal([layer.units for layer in layers if student.is_a(layer, "layers.Dense")], [8, 4, 1])


@point()
def sigmoids(student: Student) -> None:
    expect_equal([student.activation(layer) for layer in student.once("make_layers")], ["sigmoid"] * 3)


@point()
def configurations(student: Student) -> None:
    layers = student.keras.layers
    units = int(student.random.integers(2, 30))
    asked = [layers.Dense(units, activation="tanh", kernel_initializer="zeros"), layers.Dropout(0.25, name="drop")]
    found = student.read_configurations(asked)
    expect_equal(len(found), 2)
    expect_equal([found[0].get(key) for key in ("units", "activation", "use_bias")], [units, "tanh", True])
    expect_equal(found[0]["kernel_initializer"]["class_name"], "Zeros")
    expect_equal([found[1].get(key) for key in ("name", "rate")], ["drop", 0.25])


@point()
def defaults(student: Student) -> None:
    for configuration in student.read_configurations(student.once("make_layers")):
        found = [configuration[f"{weight}_initializer"]["class_name"] for weight in ("kernel", "bias")]
        expect_equal(found, ["GlorotUniform", "Zeros"])


@point()
def model(student: Student) -> None:
    found = student.build_model()
    expect_equal(found.input_shape, (None, 5))
    expect_equal(found.output_shape, (None, 1))
    expect_equal([weight.shape for weight in student.weights(found)], [(5, 8), (8,), (8, 4), (4,), (4, 1), (1,)])


@point()
def copy(student: Student) -> None:
    layers = student.keras.layers
    units = int(student.random.integers(2, 30))
    for layer, kind in (
        (layers.Dense(units, activation="tanh", use_bias=False), "Dense"),
        (layers.Dropout(0.3), "Dropout"),
    ):
        layer.build((None, 3))
        copied = student.copy_layer(layer)
        expect(student.is_a(copied, f"layers.{kind}"), kind, student.class_name(copied))
        expect_equal(copied.get_config(), layer.get_config())
    dense = layers.Dense(units)
    dense.build((None, 3))
    kernel = student.weights(dense)[0]
    # A copy may be built already, as one that Keras reads from a file is; then its weights are drawn anew.
    for copied_kernel in student.weights(student.copy_layer(dense))[:1]:
        expect(not np.array_equal(copied_kernel, kernel), "≠", "=")
