"""C3: ten columns, a single 1 a row, whichever digits occur, and the way back."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist

ZEROS_AND_ONES = 0.0  # exact in any dtype


def _expect_one_hot(found: Any, digits: np.ndarray) -> None:
    expect(isinstance(found, np.ndarray), f"array {(len(digits), 10)}", found, "dense")
    expect_close(found, np.eye(10)[digits], ZEROS_AND_ONES)


def _draw_all_digits(student: Student) -> np.ndarray:
    return student.random.permutation(np.repeat(np.arange(10), 4))


@point()
def one_hot(student: Student) -> None:
    digits = _draw_all_digits(student)
    _expect_one_hot(student.encode(student.fit_encoder(digits), digits), digits)


@point()
def ten_columns(student: Student) -> None:
    encoder = student.fit_encoder(_draw_all_digits(student))
    few = np.array([7, 3, 7])
    _expect_one_hot(student.encode(encoder, few), few)


@point()
def digits(student: Student) -> None:
    expected = _draw_all_digits(student)
    expect_equal(student.numbers(student.decode(np.eye(10)[expected])), expected)


@point()
def likeliest(student: Student) -> None:
    probabilities = student.random.dirichlet(np.ones(10), size=20)
    expect_equal(student.numbers(student.decode(probabilities)), probabilities.argmax(axis=1))


@point()
def training_digits(student: Student) -> None:
    _expect_one_hot(student.load_one_hot(), load_mnist()[1])
