"""C1: what the images are, and that each becomes a row without a pixel lost or moved."""

import numpy as np

from multibackend.course.judging import expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist

ROWS = np.array([0, 1, 9_999])


@point()
def description(student: Student) -> None:
    images = student.random.integers(3, 250, (6, 5, 4), "uint8")
    digits = student.random.integers(0, 10, 6, "uint8")
    expected = {
        "rows": 6,
        "height": 5,
        "width": 4,
        "smallest": int(images.min()),
        "largest": int(images.max()),
        "first_digit": int(digits[0]),
    }
    expect_equal(student.describe(images, digits), expected)


@point()
def rows(student: Student) -> None:
    images = student.random.integers(0, 256, (6, 5, 4), "uint8")
    expect_equal(student.numbers(student.flatten(images)).shape, (6, 20))


@point()
def order(student: Student) -> None:
    images = student.random.integers(0, 256, (3, 4, 5), "uint8")
    expected = np.stack([np.concatenate(list(image)) for image in images])
    expect_equal(student.numbers(student.flatten(images)), expected)


@point()
def shapes(student: Student) -> None:
    data = student.once("load_data")
    expect_equal((data.training.rows, data.test.rows), (60_000, 10_000))
    expect_equal(data.training.take(ROWS).inputs.shape, (3, 784))


@point()
def digits(student: Student) -> None:
    _, y_train, _, y_test = load_mnist()
    data = student.once("load_data")
    found = data.training.take(ROWS).targets
    expect_equal(int(found[0]), 5)
    expect_equal(found, y_train[ROWS])
    expect_equal(data.test.take(ROWS).targets, y_test[ROWS])


@point()
def pixels(student: Student) -> None:
    x_train, _, x_test, _ = load_mnist()
    data = student.once("load_data")
    for split, images in ((data.training, x_train), (data.test, x_test)):
        expect_equal(split.take(ROWS).inputs, images[ROWS].reshape(3, 784))
