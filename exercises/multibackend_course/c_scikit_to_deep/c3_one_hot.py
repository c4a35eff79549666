"""C3. Digits as targets of a network: one column for each.

As numbers, the digits would say that a 9 is three times a 3. One-hot, each digit is a class by itself: a row of ten
with a single 1. The encoder is fitted to the training digits once; then all rows have the same ten columns, whichever
digits occur.
"""

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from multibackend.datasets.builtin import load_mnist


def fit_encoder(digits: np.ndarray) -> OneHotEncoder:
    """An encoder that knows the digits, (rows,), that there are."""
    return OneHotEncoder(sparse_output=False).fit(digits[:, np.newaxis])


def encode(encoder: OneHotEncoder, digits: np.ndarray) -> np.ndarray:
    """Encode (rows,) as (rows, classes): a 1 in the digit's column, 0 elsewhere."""
    return encoder.transform(digits[:, np.newaxis])


def decode(one_hot: np.ndarray) -> np.ndarray:
    """Decode (rows, 10) to digits, (rows,): each row's largest column, so that probabilities serve, too."""
    return one_hot.argmax(axis=1)


def load_one_hot() -> np.ndarray:
    """The 60,000 training digits, (60000, 10)."""
    _, digits, _, _ = load_mnist()
    return encode(fit_encoder(digits), digits)
