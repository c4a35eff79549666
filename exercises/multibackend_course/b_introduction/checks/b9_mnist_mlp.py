"""B9: pixels, rows and parameters, one step of training against NumPy, and loss and accuracy as two things."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist
from multibackend_course.b_introduction.checks.b6_mlp import apply_mlp, draw_weights

ROUNDING = 1e-6  # pixels and means in single precision
STEPPED = 1e-4  # losses and updates through four layers in single precision
RATE = 0.001
HIGH_ACCURACY, LOW_ACCURACY = 0.8, 0.2
HIGH_LOSS, LOW_LOSS = np.log(10), 1.0  # worse than guessing, which loses ln 10; far better


def measure(digits: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Cross-entropy and accuracy."""
    loss = -np.log(probabilities[np.arange(len(digits)), digits]).mean()
    return float(loss), float((probabilities.argmax(axis=1) == digits).mean())


def _demand_probabilities(rows: np.ndarray) -> None:
    expect(bool((rows >= 0).all()), "no probability below 0", rows)
    expect_close(rows.sum(axis=1), np.ones(len(rows)), ROUNDING)


def demand_step(student: Student, model: Any, inputs: np.ndarray, digits: np.ndarray, targets: np.ndarray) -> None:
    """Relus and a softmax; and one step: the loss is the cross-entropy, the last bias moves by -RATE x its gradient."""
    shapes = [array.shape for array in student.weights(model)]
    expect_equal(len(shapes), 8)
    weights = draw_weights(student.random, [shapes[0][0], *(shape[-1] for shape in shapes[::2])])
    student.set_weights(model, weights)
    probabilities = apply_mlp(weights, inputs.reshape(len(inputs), -1))
    expect_close(student.apply(model, inputs), probabilities, STEPPED)
    found = model.train_on_batch(inputs, targets, return_dict=True)
    loss, accuracy = measure(digits, probabilities)
    expect_close(student.numbers(found["loss"]), loss, STEPPED)
    measured = [float(student.numbers(found[name])) for name in found if name != "loss"]
    expect(any(abs(value - accuracy) <= ROUNDING for value in measured), f"an accuracy of {accuracy:g}", measured)
    gradient = (probabilities - np.eye(10)[digits]).mean(axis=0)
    expect_close((student.weights(model)[-1] - weights[-1]) / -RATE, gradient, STEPPED)


@point()
def pixels(student: Student) -> None:
    images = student.random.integers(0, 256, size=(3, 28, 28)).astype("uint8")
    images[0, 0, :2] = 0, 255
    found = student.numbers(student.scale(images))
    expect_equal(found.shape, (3, 28, 28, 1))
    expect_close(found[..., 0], (images - 127.5) / 127.5, ROUNDING)


@point(marks=2)
def rows(student: Student) -> None:
    data = student.load_data()
    x_train, y_train, x_test, y_test = load_mnist()
    for part, images, digits in (
        ("training", x_train[:45_000], y_train[:45_000]),
        ("validation", x_train[45_000:], y_train[45_000:]),
        ("test", x_test, y_test),
    ):
        split = getattr(data, part)
        expect_equal(split.rows, len(digits))
        expect_equal(student.numbers(split.targets).reshape(-1), digits)
        some = np.array([0, 1, len(digits) // 2, len(digits) - 1])  # all of them are too many to send
        expect_close(split.take(some).inputs, (images[some][..., np.newaxis] - 127.5) / 127.5, ROUNDING)


@point()
def parameters(student: Student) -> None:
    model = student.build_model()
    expect_equal(model.input_shape, (None, 28, 28, 1))
    expect_equal(model.output_shape, (None, 10))
    expect_equal(model.count_params(), 300_938)


@point(marks=2)
def step(student: Student) -> None:
    inputs = student.random.uniform(-1, 1, size=(16, 28, 28, 1)).astype("float32")
    digits = student.random.integers(0, 10, size=16)
    demand_step(student, student.build_model(), inputs, digits, digits)


@point()
def loss_and_accuracy(student: Student) -> None:
    digits = student.random.integers(0, 10, size=12)
    probabilities = student.random.dirichlet(np.ones(10), size=12)
    probabilities[:5, digits[:5]] += 5  # some of them right
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = student.measure(digits, probabilities)
    expect(isinstance(found, (tuple, list)) and len(found) == 2, "loss and accuracy", found)
    for value, expected in zip(found, measure(digits, probabilities), strict=True):
        expect_close(student.numbers(value), expected, ROUNDING)


@point(marks=2)
def combinations(student: Student) -> None:
    cases = student.four_cases()
    names = {f"{accuracy}, {loss}" for accuracy in ("high", "low") for loss in ("high", "low")}
    expect(isinstance(cases, dict) and set(cases) == names, " | ".join(sorted(names)), cases)
    for name in sorted(names):
        probabilities = student.numbers(cases[name])
        expect_equal(probabilities.shape, (10, 10))
        _demand_probabilities(probabilities)
        with np.errstate(divide="ignore"):  # a probability of 0 is an infinite loss: high enough
            loss, accuracy = measure(np.arange(10), probabilities)
        high_accuracy, high_loss = (half == "high" for half in name.split(", "))
        expect(accuracy >= HIGH_ACCURACY if high_accuracy else accuracy <= LOW_ACCURACY, f"accuracy: {name}", accuracy)
        expect(loss > HIGH_LOSS if high_loss else loss < LOW_LOSS, f"loss: {name}", loss)
