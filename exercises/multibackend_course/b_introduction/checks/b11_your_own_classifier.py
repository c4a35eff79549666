"""B11: any architecture, judged by how many digits it reads on images that it hasn't seen."""

import numpy as np

from multibackend.course.judging import expect, expect_between, expect_equal, point
from multibackend.course.remote import Student
from multibackend.datasets.builtin import load_mnist

TEST_ROWS = 2_000

# On 3,000 training images a softmax layer alone reads 0.85, one hidden layer 0.896 to 0.901 (four seeds).
GOOD, BETTER = 0.80, 0.87


def _test_images() -> tuple[np.ndarray, np.ndarray]:
    _, _, x_test, y_test = load_mnist()
    return x_test[:TEST_ROWS], y_test[:TEST_ROWS]


def _measure_accuracy(student: Student) -> float:
    images, digits = _test_images()
    found = student.numbers(student.classify(student.once("train"), images))
    expect_equal(found.shape, digits.shape)
    return float((found == digits).mean())


@point()
def network(student: Student) -> None:
    model = student.once("train")
    expect(student.is_a(model, "Model"), "a keras.Model", student.class_name(model))


@point()
def digits(student: Student) -> None:
    images, _ = _test_images()
    found = student.numbers(student.classify(student.once("train"), images[:7]))
    expect_equal(found.shape, (7,))
    expect(bool(np.isin(found, np.arange(10)).all()), "digits from 0 to 9", found)


@point()
def alone(student: Student) -> None:
    model, images = student.once("train"), _test_images()[0][:20]
    together = student.numbers(student.classify(model, images)).tolist()
    for i in range(3):  # of three different digits
        expect_equal(student.numbers(student.classify(model, images[i : i + 1])).tolist(), [together[i]])


@point(marks=2)
def good(student: Student) -> None:
    expect_between(_measure_accuracy(student), GOOD, 1)


@point()
def better(student: Student) -> None:
    expect_between(_measure_accuracy(student), BETTER, 1)
