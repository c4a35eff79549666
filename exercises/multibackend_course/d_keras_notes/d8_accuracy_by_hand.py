"""D8. Accuracy by tensor operations: which predictions are right, and how many on average.

`keras.ops` computes alike on every backend. Rounding makes 0 or 1 of each probability, and each is compared with its
target: accuracy counted in cells. Taking each row's largest counts rows. With two classes both are the same number;
with more, rounding may leave a row with no 1 at all, and still finds most of its zeros right.
"""

from typing import Any

import numpy as np
from keras import ops

Y_TRUE = np.array([[0, 1], [1, 0], [1, 0], [0, 1]])
Y_PRED = np.array([[0.4, 0.6], [0.3, 0.7], [0.05, 0.95], [0.33, 0.67]])


def cell_accuracy(y_true: Any, y_pred: Any) -> float:
    """The share of cells in which the rounded prediction equals the target."""
    right = ops.equal(y_true, ops.round(y_pred))
    return float(ops.mean(ops.cast(right, "float32")))


def row_accuracy(y_true: Any, y_pred: Any) -> float:
    """The share of rows whose largest prediction stands where the target has its 1."""
    right = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
    return float(ops.mean(ops.cast(right, "float32")))
