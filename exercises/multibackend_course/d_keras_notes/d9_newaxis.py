"""D9. A dimension more: what `np.newaxis` is for.

Indexing with `np.newaxis` puts an axis of length 1 where it stands. Nothing is computed and, in NumPy, nothing is
copied: the same numbers are seen in another shape. Images get a channel so, a single image a batch, and two axes of
one vector make a table of all pairs by broadcasting.
"""

import numpy as np


def add_channel(images: np.ndarray) -> np.ndarray:
    """Grey images (rows, height, width) to (rows, height, width, 1)."""
    return images[..., np.newaxis]


def add_batch(image: np.ndarray) -> np.ndarray:
    """One image of whatever shape to a batch of one, (1, ...)."""
    return image[np.newaxis]


def add_middle(table: np.ndarray) -> np.ndarray:
    """A table (rows, columns) to (rows, 1, columns): sequences of one step."""
    return table[:, np.newaxis, :]


def subtract_pairs(vector: np.ndarray) -> np.ndarray:
    """All differences of a vector's elements, (n, n): the element of the row minus that of the column."""
    return vector[:, np.newaxis] - vector[np.newaxis, :]
