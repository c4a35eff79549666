"""C5: a softmax over ten digits, how often it is right, and a digit's weights as a smooth picture."""

from functools import cache
from typing import Any

import numpy as np
from scipy import special
from scipy.ndimage import gaussian_filter

from multibackend.course.judging import expect_between, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist

ROUNDING = 1e-6  # a softmax and a filter in double precision; single serves as well


@cache
def _load_first() -> tuple[np.ndarray, np.ndarray]:
    """The pixels, scaled, and the digits of the first 300 images."""
    images, digits, _, _ = load_mnist()
    return images[:300].reshape(300, 784) / 255, digits[:300]


def _fit(student: Student, iterations: int = 10) -> tuple[Any, np.ndarray]:
    """A model fitted to the first 300 images, and their pixels."""
    pixels, digits = _load_first()
    return student.fit(pixels, digits, iterations), pixels


@point()
def weights(student: Student) -> None:
    model, _ = _fit(student)
    expect_equal(student.numbers(model.coef_).shape, (10, 784))


@point()
def softmax(student: Student) -> None:
    model, pixels = _fit(student)
    logits = pixels @ student.numbers(model.coef_).T + student.numbers(model.intercept_)
    expect_close(student.numbers(model.predict_proba(pixels)), special.softmax(logits, axis=-1), ROUNDING)


@point()
def iterations(student: Student) -> None:
    for most in (3, 6):
        model, _ = _fit(student, most)
        expect_equal(model.max_iter, most)
        expect_between(int(student.numbers(model.n_iter_).max()), 1, most)


@point(marks=2)
def accuracy(student: Student) -> None:
    # scikit-learn 1.9.1 reaches 0.8309; how far twenty iterations get may depend a little on the release.
    expect_between(student.measure_accuracy(500, 20), 0.82, 0.84)


@point()
def picture(student: Student) -> None:
    model, _ = _fit(student)
    expected = student.numbers(model.coef_)
    for digit in (7, 2):
        expect_close(
            student.numbers(student.picture_weights(model, digit, 0.0)), expected[digit].reshape(28, 28), ROUNDING
        )


@point()
def smoothed(student: Student) -> None:
    model, _ = _fit(student)
    weights = student.numbers(model.coef_)[7].reshape(28, 28)
    for blur in (1.0, 1.5):
        found = student.numbers(student.picture_weights(model, 7, blur))
        expect_equal(found.shape, (28, 28))
        # Without the margin, where filters differ in what they take to lie outside.
        inner = slice(8, 20)
        expect_close(found[inner, inner], gaussian_filter(weights, blur)[inner, inner], ROUNDING)
