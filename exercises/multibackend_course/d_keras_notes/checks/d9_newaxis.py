"""D9: axes of length 1, in front, at the end and between, in arrays and in tensors, and a table of all pairs."""

import numpy as np

from multibackend.course.judging import expect_close, expect_equal, point
from multibackend.course.remote import Student

SAME = 1e-12  # numbers that nothing was computed from
FLOAT32 = 1e-6  # a number near 1, once rounded


def _shape(student: Student, axes: int) -> tuple[int, ...]:
    return tuple(int(n) for n in student.random.permutation(np.arange(2, 8))[:axes])


@point()
def channel(student: Student) -> None:
    images = student.random.integers(0, 256, size=_shape(student, 3)).astype("uint8")
    found = student.numbers(student.add_channel(images))
    expect_equal(found.dtype.name, "uint8", "dtype")
    expect_close(found, images.reshape(*images.shape, 1), SAME)


@point()
def batch(student: Student) -> None:
    for axes in (2, 3):
        image = student.random.normal(size=_shape(student, axes))
        expect_close(student.numbers(student.add_batch(image)), image.reshape(1, *image.shape), SAME)


@point()
def middle(student: Student) -> None:
    table = student.random.normal(size=_shape(student, 2))
    expect_close(student.numbers(student.add_middle(table)), table.reshape(len(table), 1, -1), SAME)


@point()
def tensors(student: Student) -> None:
    images = student.random.normal(size=_shape(student, 3)).astype("float32")
    found = student.numbers(student.add_channel(student.keras.ops.convert_to_tensor(images)))
    expect_close(found, images.reshape(*images.shape, 1), FLOAT32)


@point(marks=2)
def pairs(student: Student) -> None:
    vector = student.random.normal(size=6)
    found = student.numbers(student.subtract_pairs(vector))
    expect_close(found, [[a - b for b in vector] for a in vector], SAME)
