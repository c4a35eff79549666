"""B10: one-hot labels and back, one step against NumPy, and losses equal to those with digits as labels."""

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student
from multibackend_course.b_introduction.checks.b9_mnist_mlp import demand_step

ROUNDING = 1e-5  # the same sums in single precision, in another order, over three steps


def _images(student: Student, rows: int) -> np.ndarray:
    return student.random.uniform(-1, 1, size=(rows, 28, 28, 1)).astype("float32")


@point()
def encoded(student: Student) -> None:
    digits = student.random.integers(0, 9, size=8)  # no 9: there are ten columns whatever occurs
    expect_equal(student.numbers(student.one_hot(digits.astype("uint8"))), np.eye(10)[digits])


@point()
def decoded(student: Student) -> None:
    digits = student.random.integers(0, 10, size=6)
    expect_equal(student.numbers(student.decode(np.eye(10)[digits])).tolist(), digits.tolist())
    probabilities = student.random.dirichlet(np.ones(10), size=6)
    expect_equal(student.numbers(student.decode(probabilities)).tolist(), probabilities.argmax(axis=1).tolist())


@point(marks=2)
def step(student: Student) -> None:
    model = student.build_model()
    expect_equal(model.count_params(), 300_938)
    digits = student.random.integers(0, 10, size=16)
    demand_step(student, model, _images(student, 16), digits, np.eye(10, dtype="float32")[digits])


@point(marks=2)
def losses(student: Student) -> None:
    keras = student.keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mean_squared_error")
    student.set_weights(model, [np.zeros((2, 1)), np.zeros(1)])
    inputs, targets = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    # Two weights and a bias each move by 0.1 x 2 x error, so that the error shrinks to 0.4 of itself.
    expect_close(student.losses_by_step(model, inputs, targets, 4), [1.0, 0.16], ROUNDING)


@point(marks=2)
def equal_losses(student: Student) -> None:
    digits = student.random.integers(0, 10, size=48)
    found = student.compare_losses(_images(student, 48), digits, 16)
    expect(isinstance(found, (tuple, list)) and len(found) == 2, "two lists of losses", found)
    sparse, categorical = (np.asarray(losses, "float64") for losses in found)
    expect_equal(sparse.shape, (3,))
    expect(len(set(sparse.tolist())) == 3, "a loss for each step", sparse)
    expect_close(categorical, sparse, ROUNDING)
