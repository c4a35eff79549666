"""Samples: the data that the zoo's models train on, drawn from a seed; 5 batches of 8 rows and one of 4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from multibackend import Dataset, Split

TRAINING, VALIDATION, TEST = 44, 12, 16
"""Numbers of rows; evaluation takes one batch."""


def split(inputs: Any, targets: Any, weights: Any = None) -> Dataset:
    """Split the rows of arrays into a data set: first those to train on, then to validate, then to test on."""
    everything = Split(inputs, targets, weights)
    ends = np.cumsum([TRAINING, VALIDATION, TEST])
    training, validation, test = (
        everything.take(np.arange(e - n, e)) for e, n in zip(ends, np.diff([0, *ends]), strict=True)
    )
    return Dataset(training=training, test=test, validation=validation)


def numbers(*shape: int, targets: str = "classes", shift: float = 0.0) -> Callable[[int], Dataset]:
    """Draw normal inputs about `shift`; the targets depend on them and are classes, yes or no, or numbers."""

    def load(seed: int) -> Dataset:
        generator = np.random.default_rng(1000 + seed)
        inputs = generator.normal(size=(TRAINING + VALIDATION + TEST, *shape))
        flat = inputs.reshape(len(inputs), -1)
        scores = flat @ generator.normal(size=(flat.shape[1], 3)) / np.sqrt(flat.shape[1])
        return split(inputs + shift, choose(scores, targets))

    return load


def choose(scores: np.ndarray, targets: str) -> np.ndarray:
    """Make targets of a kind from a row's scores."""
    match targets:
        case "classes":
            return scores.argmax(axis=1)
        case "binary":
            return (scores[:, :1] > 0).astype("float64")
    return np.tanh(scores[:, :2])


def tokens(length: int, words: int, targets: str, padded: bool = True) -> Callable[[int], Dataset]:
    """Draw sequences of word numbers; padded ones end in zeros after at least two words."""

    def load(seed: int) -> Dataset:
        generator = np.random.default_rng(2000 + seed)
        rows = TRAINING + VALIDATION + TEST
        inputs = generator.integers(1, words, (rows, length))
        scores = generator.normal(size=(words, 3))[inputs].sum(axis=1)
        if padded:
            inputs = np.where(np.arange(length) < generator.integers(2, length + 1, (rows, 1)), inputs, 0)
        return split(inputs.astype("int32"), choose(scores, targets))

    return load


def load_masked(seed: int) -> Dataset:
    """Draw sequences of numbers whose last steps are zero, to be masked."""
    generator = np.random.default_rng(3000 + seed)
    rows = TRAINING + VALIDATION + TEST
    inputs = generator.normal(size=(rows, 5, 3))
    targets = np.tanh(inputs.sum(axis=1)[:, :2])
    return split(inputs * (np.arange(5) < generator.integers(2, 6, (rows, 1)))[..., None], targets)


def load_branches(seed: int) -> Dataset:
    """Draw two inputs and two targets, by name."""
    generator = np.random.default_rng(4000 + seed)
    rows = TRAINING + VALIDATION + TEST
    left, right = generator.normal(size=(rows, 4)), generator.normal(size=(rows, 3))
    targets = {"kind": (left[:, :3] + right).argmax(axis=1), "amount": np.tanh(left[:, 3:])}
    return split({"left": left, "right": right}, targets)


def load_pairs(seed: int) -> Dataset:
    """Draw two inputs of one kind, and whether they lie near each other."""
    generator = np.random.default_rng(5000 + seed)
    rows = TRAINING + VALIDATION + TEST
    one, other = generator.normal(size=(2, rows, 5))
    return split([one, other], (np.linalg.norm(one - other, axis=1, keepdims=True) < 3).astype("float64"))


def load_weighted(seed: int) -> Dataset:
    """Draw a regression whose rows have weights."""
    data = numbers(6, targets="numbers")(seed)
    generator = np.random.default_rng(6000 + seed)

    def weigh(part: Split) -> Split:
        return Split(part.inputs, 3 * part.targets, generator.uniform(0.2, 2.0, part.rows))  # type: ignore[operator]

    assert data.validation is not None
    return Dataset(training=weigh(data.training), test=weigh(data.test), validation=weigh(data.validation))
