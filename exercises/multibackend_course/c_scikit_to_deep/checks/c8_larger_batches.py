"""C8: the network of C7, five epochs of it in batches of 128, and how many steps that makes."""

import numpy as np

from multibackend.course.judging import expect, expect_equal, point
from multibackend.course.remote import Student
from multibackend_course.c_scikit_to_deep.checks.c7_mnist_batchnorm import demand_compiled, demand_network

ROWS = 384  # three full batches: JAX compiles each size of a batch by itself


def _draw_rows(student: Student) -> tuple[np.ndarray, np.ndarray]:
    return student.random.normal(size=(ROWS, 784)), np.eye(10)[student.random.integers(0, 10, ROWS)]


@point()
def network(student: Student) -> None:
    expect_equal(student.once("build_model").count_params(), 10_986)
    demand_network(student)
    demand_compiled(student)


@point()
def steps(student: Student) -> None:
    expect_equal(student.count_steps(60_000, 128), 469)
    expect_equal(student.count_steps(60_000, 32), 1_875)


@point()
def last_batch(student: Student) -> None:
    size = int(student.random.integers(2, 200))
    for rows, expected in ((7 * size, 7), (7 * size + 1, 8), (1, 1)):
        expect_equal(student.count_steps(rows, size), expected)


@point(marks=2)
def training(student: Student) -> None:
    model = student.build_model()
    history = student.train(model, *_draw_rows(student))
    losses = student.numbers(history["loss"])
    expect_equal(losses.shape, (5,))
    expect_equal(int(student.numbers(model.optimizer.iterations)), 5 * ROWS // 128)
    expect(losses[-1] < losses[0], f"< {losses[0]:.4g}", float(losses[-1]))
