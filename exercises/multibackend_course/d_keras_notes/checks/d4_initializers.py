"""D4: initial weights follow the distributions asked for; those of the student's function are known exactly.

What is random here is judged by bounds that hold for every draw, and by means and deviations within 6 standard
errors, beyond which a right answer lies once in 500 million times.
"""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_between, expect_close, expect_equal, point
from multibackend.course.remote import Student

FLOAT32 = 1e-6  # a number near 1, once rounded
ORTHOGONAL = 1e-5  # float32 sums of 50 products, after a QR decomposition in float32


def _weights(student: Student, name: str) -> Any:
    """Kernel, bias, kernel, bias, (40, 50), (50,), (50, 30), (30,)."""
    weights = student.weights(student.once(name))
    expect_equal([weight.shape for weight in weights], [(40, 50), (50,), (50, 30), (30,)])
    return weights


def _expect_uniform(kernel: np.ndarray, limit: float, advice: str) -> None:
    rows = kernel.size
    expect_between(float(np.abs(kernel).max()), 0, limit * (1 + FLOAT32), advice)
    expect_between(float(kernel.mean()), *(sign * 6 * limit / np.sqrt(3 * rows) for sign in (-1, 1)), advice)
    # The standard error of a uniform sample's deviation is that deviation times sqrt(0.2 / rows).
    error = 6 * np.sqrt(0.2 / rows)
    expect_between(float(kernel.std()), *(limit / np.sqrt(3) * (1 + sign * error) for sign in (-1, 1)), advice)


@point(marks=2)
def uniform(student: Student) -> None:
    weights = _weights(student, "build_by_name")
    _expect_uniform(weights[0], 0.05, "random_uniform")
    _expect_uniform(weights[2], np.sqrt(6 / 50), "he_uniform")


@point()
def zeros(student: Student) -> None:
    weights = _weights(student, "build_by_name")
    expect_equal([bool((weights[i] == 0).all()) for i in (1, 3)], [True, True])


@point()
def normal(student: Student) -> None:
    kernel = _weights(student, "build_by_object")[0]
    error = 6 / np.sqrt(kernel.size)
    expect_between(float(kernel.mean()), -0.05 * error, 0.05 * error)
    expect_between(float(kernel.std()), 0.05 * (1 - error / np.sqrt(2)), 0.05 * (1 + error / np.sqrt(2)))
    # Of 2,000 normal numbers some lie beyond 2.5 deviations; of uniform or truncated ones none.
    expect(bool((np.abs(kernel) > 0.125).any()), "max |w| > 0.125", float(np.abs(kernel).max()))


@point()
def orthogonal(student: Student) -> None:
    kernel = _weights(student, "build_by_object")[2].astype("float64")
    expect_close(kernel.T @ kernel, np.eye(30), ORTHOGONAL)


@point()
def constant(student: Student) -> None:
    weights = _weights(student, "build_by_object")
    expect_close(weights[1], np.full(50, 0.4), FLOAT32)
    expect_close(weights[3], np.full(30, 0.4), FLOAT32)


def _signs(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).choice([-1.0, 1.0], size=shape) / np.sqrt(shape[0])


@point(marks=2)
def signs(student: Student) -> None:
    shape = tuple(int(n) for n in student.random.integers(3, 9, size=2))
    for dtype, rounding in (("float32", FLOAT32), ("float16", 1e-3)):
        found = student.numbers(student.draw_signs(shape, dtype=dtype))
        expect_close(found, _signs(*shape), rounding)
        expect_equal(found.dtype.name, dtype, "dtype")


@point()
def by_function(student: Student) -> None:
    weights = student.weights(student.build_by_function())
    expect_equal([weight.shape for weight in weights], [(40, 50), (50,)])
    expect_close(weights[0], _signs(40, 50), FLOAT32)
