"""A6. What softmax does: numbers of any size become probabilities.

The largest input is subtracted first. That changes nothing in the result, for the same factor appears above and below,
and without it the exponential of 1000 is infinite.
"""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Divide the exponentials by their sum, along the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def figures() -> dict[str, float]:
    """Compute the answer's figures for logits 2, 1 and 0, for the same ones 1000 higher, and for twice as much."""
    logits = np.array([2.0, 1.0, 0.0])
    probabilities = softmax(logits)
    return {
        "largest": probabilities[0],
        "total": probabilities.sum(),
        "shift": np.abs(softmax(logits + 1000) - probabilities).max(),
        "sharper": softmax(2 * logits)[0],
    }
