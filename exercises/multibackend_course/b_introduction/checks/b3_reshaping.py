"""B3: reshape keeps the order, transpose exchanges the axes, and -1 is worked out."""

import numpy as np

from multibackend.course.judging import expect_equal, point
from multibackend.course.remote import Remote, Student

MATRIX = np.array([[1, 2, 3], [4, 5, 6]])


def _tensor(student: Student, numbers: np.ndarray) -> Remote:
    return student.keras.ops.convert_to_tensor(numbers.astype("int32"))


def _demand(student: Student, task: str, numbers: np.ndarray, expected: np.ndarray) -> None:
    """Demand the same numbers in the same shape, whatever the dtype."""
    expect_equal(student.numbers(getattr(student, task)(_tensor(student, numbers))).tolist(), expected.tolist())


@point()
def reshape(student: Student) -> None:
    for numbers in (MATRIX, student.random.integers(-9, 10, size=(2, 3))):
        _demand(student, "three_rows", numbers, numbers.reshape(3, 2))


@point()
def transpose(student: Student) -> None:
    numbers = student.random.integers(-9, 10, size=(2, 3))
    _demand(student, "transposed", numbers, numbers.T)


@point(marks=2)
def product(student: Student) -> None:
    _demand(student, "product", MATRIX.reshape(3, 2), np.array([[35, 44], [44, 56]]))
    b = student.random.integers(-9, 10, size=(4, 3))
    _demand(student, "product", b, b.T @ b)


@point()
def one_row(student: Student) -> None:
    _demand(student, "one_row", MATRIX, MATRIX.reshape(1, 6))
    numbers = student.random.integers(-9, 10, size=(3, 4))
    _demand(student, "one_row", numbers, numbers.reshape(1, 12))


@point(marks=2)
def blocks(student: Student) -> None:
    for count in (2, 4):
        numbers = student.random.permutation(count * 50)
        _demand(student, "blocks", numbers, numbers.reshape(count, 25, 2))
