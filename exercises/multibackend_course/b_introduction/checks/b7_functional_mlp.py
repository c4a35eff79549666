"""B7: the functional network, its outputs equal to Sequential's, and its inside."""

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Remote, Student
from multibackend_course.b_introduction.checks.b6_mlp import ROUNDING, apply_mlp, draw_weights

SIZES = [784, 256, 256, 128, 10]


def _rows(student: Student) -> np.ndarray:
    return student.random.normal(size=(3, 784)).astype("float32")


def _small_model(student: Student) -> Remote:
    """4-5-3, the two layers without activation."""
    keras = student.keras
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(3)])


@point()
def functional(student: Student) -> None:
    model = student.once("build_functional_mlp")
    found = student.is_a(model, "Model") and not student.is_a(model, "Sequential")
    expect(found, "a keras.Model that isn't Sequential", student.class_name(model))
    expect_equal(model.input_shape, (None, 784))


@point()
def parameters(student: Student) -> None:
    expect_equal(student.once("build_functional_mlp").count_params(), 300_938)


@point(marks=2)
def probabilities(student: Student) -> None:
    model = student.once("build_functional_mlp")
    weights = draw_weights(student.random, SIZES)
    student.set_weights(model, weights)
    rows = _rows(student)
    expect_close(student.apply(model, rows), apply_mlp(weights, rows), ROUNDING)


@point()
def copied(student: Student) -> None:
    source, target = _small_model(student), _small_model(student)
    before = student.weights(source)
    student.copy_weights(source, target)
    for found, kept, expected in zip(student.weights(target), student.weights(source), before, strict=True):
        expect_close(kept, expected, 0)
        expect_close(found, expected, 0)


@point()
def equal_outputs(student: Student) -> None:
    sequential, functional = student.build_mlp(), student.build_functional_mlp()
    student.copy_weights(sequential, functional)
    rows = _rows(student)
    expect_close(student.apply(functional, rows), student.apply(sequential, rows), ROUNDING)


@point(marks=2)
def inside(student: Student) -> None:
    model = _small_model(student)
    weights = draw_weights(student.random, [4, 5, 3])
    hidden = student.without_last_layer(model)
    student.set_weights(model, weights)  # afterwards: the layers are the same, not copies
    rows = student.random.normal(size=(3, 4)).astype("float32")
    expect_close(student.apply(hidden, rows), rows @ weights[0] + weights[1], ROUNDING)
