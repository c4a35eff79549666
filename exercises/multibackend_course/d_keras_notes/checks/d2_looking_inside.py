"""D2: what a model is made of, on models that the judge builds."""

from typing import Any

from multibackend.course.judging import expect, expect_equal, point
from multibackend.course.remote import Student


def _model(student: Student) -> tuple[Any, int, int]:
    """A model of 7 inputs with a normalisation, whose weights don't all train; its hidden units and its classes."""
    keras, units, classes = student.keras, int(student.random.integers(20, 60)), int(student.random.integers(3, 9))
    layers = [
        keras.Input((7,)),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(classes, use_bias=False),
    ]
    return keras.Sequential(layers), units, classes


@point()
def layers(student: Student) -> None:
    model, units, classes = _model(student)
    expected = [("Dense", 8 * units), ("BatchNormalization", 4 * units), ("Dense", units * classes)]
    expect_equal(student.list_layers(model), expected)


@point()
def weights(student: Student) -> None:
    model, units, classes = _model(student)
    shapes = [(7, units), (units,), *[(units,)] * 4, (units, classes)]
    # Keras lists a normalisation's scale and offset, which train, and its mean and variance, which don't.
    expect_equal(student.list_weight_shapes(model), shapes)


@point()
def summary(student: Student) -> None:
    model, units, classes = _model(student)
    text = student.write_summary(model)
    expect(isinstance(text, str), "str", text)
    for part in (f"(None, {units})", f"(None, {classes})", f"Total params: {12 * units + units * classes:,}"):
        expect(part in text, part, text)


@point()
def declared(student: Student) -> None:
    expect_equal(_shapes(student, 4)[0], (None, 5))


@point()
def computed(student: Student) -> None:
    rows = int(student.random.integers(2, 30))
    expect_equal(_shapes(student, rows)[1], (rows, 5))


def _shapes(student: Student, rows: int) -> Any:
    """The shapes that the student finds of a model of 3 x 2 inputs and 5 outputs."""
    keras = student.keras
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Flatten(), keras.layers.Dense(5)])
    found = student.output_shapes(model, rows)
    expect(isinstance(found, (list, tuple)) and len(found) == 2, "(…, …)", found)
    return found
