"""C9: a network of hidden layers that learns from few images, judged on others; and one shuffle for all images."""

from functools import lru_cache
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


@lru_cache(maxsize=16)  # as many as are judged beside one another
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
    layers = student.layers(student.once("build_model"))
    sizes = [layer.units for layer in layers if student.is_a(layer, "layers.Dense")]
    expect(len(sizes) >= 3 and sizes[-1] == 10, "[…, …, 10]", sizes)
    pixels = student.random.uniform(0, 255, (3, 784))
    pixels[2] = pixels[:2].mean(axis=0)
    # Logits of a network without activations lie half way between for an input half way between; hidden layers alone
    # are asked, since probabilities of raw pixels may be too certain to tell.
    hidden = student.keras.Model(student.once("build_model").inputs, layers[-1].input)
    first, second, middle = student.apply(hidden, pixels)
    bend = np.abs(middle - (first + second) / 2).max() / np.abs(student.apply(hidden, pixels)).max()
    expect(bend > 0.001, "relu | sigmoid", f"{bend:.2g}")


@point()
def probabilities(student: Student) -> None:
    found = student.apply(student.once("build_model"), student.random.uniform(0, 255, (3, 784)))
    expect_equal(found.shape, (3, 10))
    expect(bool((found >= 0).all()), "≥ 0", found)
    expect_close(found.sum(axis=1), np.ones(3), SINGLE)


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
