"""C9: a network of hidden layers that learns from few images, judged on others; and one shuffle for all images."""

from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from multibackend.course.judging import expect, expect_between, expect_close, expect_equal, point
from multibackend.course.remote import Student

ROWS, TESTED, EPOCHS = 1_536, 800, 10  # twelve full batches an epoch: JAX compiles each size of a batch by itself

NAIVE_BAYES = 0.55
"""The baseline. Networks of relu or sigmoid neurons on normalised or scaled pixels reach 0.67 to 0.88 here."""

SINGLE = 1e-4  # probabilities in single precision
BORDER = 0.002  # of 800 images, one may lie so near a border that rounding decides


class Trained(NamedTuple):
    """A model of the student's, what its training returned, and the rows that it saw and that it didn't."""

    model: Any
    accuracies: Any
    first: Any
    test: Any


@lru_cache(maxsize=16)  # as many as are judged at the same time
def _train(student: Student) -> Trained:
    """Trained once for all points, from weights that a seed determines."""
    student.keras.utils.set_random_seed(0)
    model, data = student.build_model(), student.load_data()
    training, test = data.training.take(np.arange(ROWS + 200)), data.test.take(np.arange(TESTED))
    return Trained(
        model, student.train_on_first(model, training, test, ROWS, EPOCHS), training.take(np.arange(ROWS)), test
    )


def _read(student: Student, model: Any, pixels: np.ndarray) -> np.ndarray:
    return student.apply(model, pixels).argmax(axis=1)


def _judge(student: Student, model: Any, rows: Any) -> float:
    return float(np.mean(_read(student, model, rows.inputs) == rows.targets.argmax(axis=1)))


@point()
def deeper(student: Student) -> None:
    model = student.once("build_model")
    dense = [layer for layer in student.layers(model) if student.is_a(layer, "layers.Dense")]
    sizes = [layer.units for layer in dense]
    expect(len(sizes) >= 3 and sizes[-1] == 10, "[…, …, 10]", sizes)
    if sum(student.is_a(layer, "layers.Dense") for layer in model.layers) < len(dense):
        dense = [dense[0], dense[-1]]  # some are in a model within it: only all of them together can be asked
    for layer, following in pairwise(dense):
        # What a layer without activation makes of an input half way between two others lies half way between, too.
        inputs = student.random.normal(size=(3, *layer.input.shape[1:]))
        inputs[2] = inputs[:2].mean(axis=0)
        outputs = student.apply(student.keras.Model(layer.input, following.input), inputs)
        bend = np.abs(outputs[2] - outputs[:2].mean(axis=0)).max() / np.abs(outputs).max()
        expect(bend > 0.001, "relu | sigmoid", f"{bend:.2g}")


@point()
def probabilities(student: Student) -> None:
    found = student.apply(student.once("build_model"), student.random.uniform(0, 255, (3, 784)))
    expect_equal(found.shape, (3, 10))
    expect(bool((found >= 0).all()), "≥ 0", found)
    expect_close(found.sum(axis=1), np.ones(3), SINGLE)
    one_hot, rows = np.eye(10)[student.random.integers(0, 10, 5)], student.random.dirichlet(np.ones(10), size=(2, 5))
    array, compute_loss = student.keras.ops.array, student.once("build_model").compute_loss
    losses = [student.numbers(compute_loss(x=None, y=array(one_hot), y_pred=array(row))) for row in rows]
    # The difference, in which what a regularizer adds is gone.
    expected = [-np.log((one_hot * row).sum(axis=1)).mean() for row in rows]
    expect_close(losses[0] - losses[1], expected[0] - expected[1], SINGLE)


@point()
def first_images(student: Student) -> None:
    trained = _train(student)
    expect_equal(int(student.numbers(trained.model.optimizer.iterations)), EPOCHS * ROWS // 128)


@point(marks=2)
def test_images(student: Student) -> None:
    trained = _train(student)
    expected = (_judge(student, trained.model, trained.first), _judge(student, trained.model, trained.test))
    expect_close(trained.accuracies, expected, BORDER)


@point()
def learns(student: Student) -> None:
    trained = _train(student)
    expect_between(_judge(student, trained.model, trained.test), NAIVE_BAYES, 1)


@point()
def misread(student: Student) -> None:
    trained = _train(student)
    wrong = _read(student, trained.model, trained.test.inputs) != trained.test.targets.argmax(axis=1)
    found = student.numbers(student.find_misread(trained.model, trained.test.inputs, trained.test.targets))
    expect_between(len(np.setxor1d(found, np.flatnonzero(wrong))), 0, BORDER * TESTED)


@point()
def shuffled(student: Student) -> None:
    pixels, order = student.random.random((5, 30)), student.random.permutation(30)
    expect_equal(student.numbers(student.permute(pixels, order)), pixels[:, order])
