"""A6: probabilities, unchanged when all logits rise alike, and finite however large these are."""

import numpy as np
from scipy import special

from multibackend.course.judging import expect, expect_close, point
from multibackend.course.remote import Student

ROUNDING = 1e-6  # single precision serves as well as double


@point()
def probabilities(student: Student) -> None:
    found = student.numbers(student.softmax(student.random.normal(size=5)))
    expect(found.shape == (5,) and bool((found >= 0).all()), "5 numbers from 0 to 1", found)
    expect_close(found.sum(), 1.0, ROUNDING)


@point()
def values(student: Student) -> None:
    logits = student.random.normal(size=6)
    expect_close(student.numbers(student.softmax(logits)), special.softmax(logits, axis=-1), ROUNDING)


@point()
def rows(student: Student) -> None:
    logits = student.random.normal(size=(4, 3))
    expect_close(student.numbers(student.softmax(logits)), special.softmax(logits, axis=-1), ROUNDING)


@point()
def large(student: Student) -> None:
    logits = np.array([1000.0, 998.0, -1000.0])
    expect_close(student.numbers(student.softmax(logits)), special.softmax(logits, axis=-1), ROUNDING)


@point()
def figures(student: Student) -> None:
    logits = np.array([2.0, 1.0, 0.0])
    expected = {
        "largest": special.softmax(logits, axis=-1)[0],
        "total": 1.0,
        "shift": 0.0,
        "sharper": special.softmax(2 * logits, axis=-1)[0],
    }
    found = student.figures()
    expect(isinstance(found, dict) and set(found) == set(expected), ", ".join(expected), found)
    for name, value in expected.items():
        expect_close(student.numbers(found[name]), value, ROUNDING)
