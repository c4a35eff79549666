"""D5: the network, the optimizers that four names stand for, what is measured, and a training in a known order."""

from typing import Any

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROUNDING = 1e-5  # float32 sums of at most 784 products of numbers near 1, then a softmax
SHAPES = [(784, 32), (32,), (32, 10), (10,)]
OPTIMIZERS = {
    "sgd": ("SGD", 0.01),
    "adam": ("Adam", 0.001),
    "adadelta": ("Adadelta", 0.001),
    "rmsprop": ("RMSprop", 0.001),
}


def _probabilities(student: Student, model: Any, rows: np.ndarray) -> np.ndarray:
    """The probabilities that such a network gives to rows, by NumPy, with the judge's weights."""
    expect_equal([weight.shape for weight in student.weights(model)], SHAPES)
    weights = [student.random.normal(size=shape) / np.sqrt(shape[0]) for shape in SHAPES]
    student.set_weights(model, weights)
    return special.softmax(np.maximum(rows @ weights[0] + weights[1], 0) @ weights[2] + weights[3], axis=-1)


@point()
def network(student: Student) -> None:
    model = student.build_model("sgd")
    rows = student.random.random((6, 784)).astype("float32")
    expected = _probabilities(student, model, rows)
    expect_close(student.apply(model, rows), expected, ROUNDING)


@point(marks=2)
def optimizers(student: Student) -> None:
    for name, (kind, rate) in OPTIMIZERS.items():
        model = student.build_model(name)
        expect_equal(model.compiled, True)
        expect(student.is_a(model.optimizer, f"optimizers.{kind}"), kind, student.class_name(model.optimizer))
        expect_close(student.numbers(model.optimizer.learning_rate), rate, 1e-7)  # a float32, once rounded


@point(marks=2)
def measures(student: Student) -> None:
    model = student.build_model("sgd")
    rows = student.random.random((12, 784)).astype("float32")
    expected = _probabilities(student, model, rows)
    digits = student.random.integers(0, 10, size=12)
    targets = np.eye(10, dtype="float32")[digits]
    found = model.evaluate(rows, targets, verbose=0, return_dict=True)
    expect(isinstance(found, dict), "loss, accuracy, mae", found)
    # Metrics given as objects have their own names.
    names = {"categorical_accuracy": "accuracy", "mean_absolute_error": "mae"}
    found = {names.get(name, name): value for name, value in found.items()}
    expect({"loss", "accuracy", "mae"} <= set(found), "loss, accuracy, mae", list(found), "names")
    expect_close(found["loss"], -np.log(expected[np.arange(12), digits]).mean(), ROUNDING)
    expect_close(found["accuracy"], (expected.argmax(axis=-1) == digits).mean(), ROUNDING)
    expect_close(found["mae"], np.abs(expected - targets).mean(), ROUNDING)


@point(marks=2)
def trained(student: Student) -> None:
    keras = student.keras
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.2), loss="mean_squared_error")
    student.set_weights(model, [np.zeros((1, 1))])
    inputs = student.random.normal(size=(100, 1)).astype("float32")
    targets = (3 * inputs + np.arange(100)[:, np.newaxis] / 50).astype("float32")
    found = student.train(model, inputs, targets, 3)
    expect(isinstance(found, dict) and "loss" in found, "{'loss': […]}", found)
    expect(
        isinstance(found["loss"], list) and all(type(n) is float for n in found["loss"]), "[float, …]", found["loss"]
    )
    expect_close(found["loss"], _losses(inputs[:, 0], targets[:, 0], epochs=3), ROUNDING)


def _losses(inputs: np.ndarray, targets: np.ndarray, epochs: int) -> list[float]:
    """Each epoch's mean loss of a line through zero, fitted at rate 0.2 in batches of 64, the rows in order."""
    slope, losses = 0.0, []
    for _ in range(epochs):
        total = 0.0
        for rows in (slice(0, 64), slice(64, 100)):
            error = slope * inputs[rows].astype("float64") - targets[rows]
            total += (error**2).sum()
            slope -= 0.2 * 2 * (error * inputs[rows]).mean()
        losses.append(total / 100)
    return losses


@point()
def ranked(student: Student) -> None:
    last = student.random.permutation([0.3, 0.1, 1.5, 0.7]).tolist()
    # The first losses are in the opposite order: only the last count.
    histories = {
        name: {"loss": [2 - loss, loss], "mae": [0.5, 0.5]} for name, loss in zip(OPTIMIZERS, last, strict=True)
    }
    expect_equal(student.rank(histories), sorted(histories, key=lambda name: histories[name]["loss"][-1]))
