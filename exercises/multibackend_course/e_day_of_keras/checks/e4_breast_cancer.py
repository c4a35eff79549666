"""E4: raw and standardised measures, a small network of sigmoids, and how it is judged."""

from typing import Any

import numpy as np

from multibackend.course.judging import expect, expect_close, expect_equal, point
from multibackend.course.remote import Student

SHAPES = [(30, 10), (10,), (10, 5), (5,), (5, 1), (1,)]
SINGLE = 1e-5  # three layers of at most thirty products, and the mean of some logarithms, in single precision
CORRELATION = -0.730_028_511_375  # of Wisconsin's table, radius and benign
DOUBLE = 1e-6  # means and standard deviations; single precision serves as well


def _settle(student: Student) -> tuple[Any, list[np.ndarray]]:
    """The student's model, with weights of ours."""
    model = student.once("build_model")
    weights = [student.random.normal(0, 0.5, shape) for shape in SHAPES]
    student.set_weights(model, weights)
    return model, weights


def _run(weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        x = 1 / (1 + np.exp(-(x @ kernel + bias)))
    return x


@point()
def rows(student: Student) -> None:
    for load in ("load_data", "load_standardised_data"):
        data = student.once(load)
        expect_equal((data.training.rows, data.test.rows), (426, 143))
        expect_equal(data.training.inputs.shape, (426, 30))


@point()
def diagnoses(student: Student) -> None:
    data = student.once("load_data")
    found = [student.numbers(split.targets).reshape(-1) for split in (data.training, data.test)]
    expect_equal(sorted(set(found[0].tolist())), [0, 1])
    expect_equal(int(found[0].sum() + found[1].sum()), 357)
    # Each tumour has kept its diagnosis: how a diagnosis goes with the first measure, whatever that one's scale.
    radius = np.concatenate([data.training.inputs, data.test.inputs])[:, 0]
    expect_close(np.corrcoef(radius, np.concatenate(found))[0, 1], CORRELATION, DOUBLE)


@point()
def raw(student: Student) -> None:
    data = student.once("load_data")
    measures = np.concatenate([data.training.inputs, data.test.inputs])
    # Of Wisconsin's table, as scikit-learn ships it: the largest area, and the mean of the first measure.
    expect_close([measures.max(), measures[:, 0].mean()], [4254.0, 14.127_291_739_894_55], DOUBLE)
    # The same mean over the rows that `random_state=42` draws to train on.
    expect_close(data.training.inputs[:, 0].mean(), 14.122_664_319_248_83, DOUBLE)


@point(marks=2)
def standardised(student: Student) -> None:
    data, found = student.once("load_data"), student.once("load_standardised_data")
    mean, deviation = data.training.inputs.mean(axis=0), data.training.inputs.std(axis=0)
    expect_close(found.training.inputs, (data.training.inputs - mean) / deviation, DOUBLE)
    expect_close(found.test.inputs, (data.test.inputs - mean) / deviation, DOUBLE, "test_rows")


@point()
def parameters(student: Student) -> None:
    model = student.once("build_model")
    expect_equal(model.count_params(), 371)
    expect_equal([weight.shape for weight in student.weights(model)], SHAPES)


@point()
def sigmoids(student: Student) -> None:
    model, weights = _settle(student)
    x = student.random.normal(size=(32, 30))
    expect_close(student.apply(model, x), _run(weights, x), SINGLE)


@point()
def compiled(student: Student) -> None:
    model, weights = _settle(student)
    expect(student.is_a(model.optimizer, "optimizers.Adam"), "Adam", student.class_name(model.optimizer))
    x, y = student.random.normal(size=(32, 30)), student.random.integers(0, 2, (32, 1))
    p = _run(weights, x)
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    expect_close(found["loss"], -np.mean(np.log(np.where(y == 1, p, 1 - p))), SINGLE)
    accuracies = [found.get(name) for name in ("accuracy", "binary_accuracy") if name in found]
    expect_close(accuracies, [np.mean((p > 0.5) == y)], SINGLE)
