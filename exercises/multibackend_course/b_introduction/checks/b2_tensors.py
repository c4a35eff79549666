"""B2: the same matrix in two ways, its dtypes on this backend, and one dtype on all."""

from typing import Any

import numpy as np

from multibackend.course.judging import Unmet, expect, expect_equal, point, show
from multibackend.course.remote import Raised, Student

MATRIX = np.array([[1, 2, 3], [4, 5, 6]])


def _widest(student: Student) -> str:
    """JAX has no 64-bit integers unless they are enabled."""
    return _dtype(student, student.keras.ops.zeros((1,), "int64"))


def _dtype(student: Student, tensor: Any) -> Any:
    return student.keras.backend.standardize_dtype(tensor.dtype)


def _demand_matrix(student: Student, tensor: Any) -> None:
    expect(student.keras.ops.is_tensor(tensor), "a tensor", student.class_name(tensor))
    expect_equal(student.numbers(tensor), MATRIX)


@point()
def by_numpy(student: Student) -> None:
    tensor = student.from_numpy()
    _demand_matrix(student, tensor)
    expect_equal(_dtype(student, tensor), _widest(student))


@point()
def by_list(student: Student) -> None:
    tensor = student.directly()
    _demand_matrix(student, tensor)
    expect_equal(_dtype(student, tensor), "int32")


@point(marks=2)
def shape_and_dtype(student: Student) -> None:
    for dtype in ("float32", "uint8"):
        shape = tuple(student.random.integers(1, 5, size=3).tolist())
        expect_equal(student.describe(student.keras.ops.zeros(shape, dtype)), (shape, dtype))


@point(marks=2)
def agreement(student: Student) -> None:
    found = student.agreeing()
    expect(isinstance(found, (tuple, list)) and len(found) == 2, "two tensors", found)
    for tensor in found:
        _demand_matrix(student, tensor)
    dtypes = [_dtype(student, tensor) for tensor in found]
    expect(dtypes[0] == dtypes[1], "the same dtype twice", dtypes)


@point()
def widest(student: Student) -> None:
    expect_equal(student.widest_integer(), _widest(student))


@point()
def in_32_bits(student: Student) -> None:
    numbers = student.random.integers(-1000, 1000, size=5)
    tensor = student.to_int32(numbers)
    expect(student.keras.ops.is_tensor(tensor), "a tensor", student.class_name(tensor))
    expect_equal(student.numbers(tensor), numbers)
    expect_equal(_dtype(student, tensor), "int32")


@point()
def too_large(student: Student) -> None:
    for number in (2**40 + 5, -(2**40)):
        try:
            found = student.to_int32(np.array([1, number]))
        except Raised as error:
            if error.kind != "ValueError":
                raise
        else:
            raise Unmet("ValueError", show(student.numbers(found)))
