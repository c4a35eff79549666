"""A10. Three cross-entropies, one idea: minus the logarithm of the probability that the right class was given.

They differ in how the classes are written. Binary: 0 or 1, and one probability. Categorical: a row with a 1 at the
class and 0 elsewhere, and a probability for each class. Sparse categorical: the class' number, and the same
probabilities.

As Keras does, probabilities are first kept from 0 and 1, for ln 0 is minus infinity.
"""

import numpy as np

SMALLEST = 1e-7


def binary_crossentropy(classes: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over rows; classes 0 or 1, and the probability of class 1, both (rows,)."""
    ones = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return float(-np.mean(classes * np.log(ones) + (1 - classes) * np.log(1 - ones)))


def categorical_crossentropy(one_hot: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over rows; both (rows, classes)."""
    logarithms = np.log(np.clip(probabilities, SMALLEST, 1 - SMALLEST))
    return float(-np.mean((one_hot * logarithms).sum(axis=1)))


def sparse_categorical_crossentropy(classes: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over rows; whole numbers (rows,), and probabilities (rows, classes)."""
    given = probabilities[np.arange(len(classes)), classes]
    return float(-np.mean(np.log(np.clip(given, SMALLEST, 1 - SMALLEST))))


def figures() -> dict[str, float]:
    """Compute the answer's figures: one problem of two classes under each loss, and the memory of 60,000 labels."""
    classes = np.array([1, 0, 1, 1])
    ones = np.array([0.9, 0.2, 0.6, 0.3])
    both = np.stack([1 - ones, ones], axis=1)
    labels = np.zeros(60_000, "uint8")
    return {
        "binary": binary_crossentropy(classes, ones),
        "categorical": categorical_crossentropy(np.eye(2)[classes], both),
        "sparse": sparse_categorical_crossentropy(classes, both),
        "worst": binary_crossentropy(np.array([1]), np.array([0.0])),
        "one_hot_bytes": np.eye(10, dtype="float32")[labels].nbytes,
        "sparse_bytes": labels.nbytes,
    }
