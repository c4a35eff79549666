"""The order of the rows, and weights moved by one ULP: draws that need no framework."""

from __future__ import annotations

import numpy as np

ORDER_STREAM, PERTURBATION_STREAM, UNSEEDED_STREAM = 1, 2, 3
"""Numbers that tell the streams of one seed from each other."""


def make_generator(*key: int) -> np.random.Generator:
    """Make a generator whose numbers depend on these integers alone (each modulo 2^32)."""
    # Philox is counter-based and its streams are fixed by NumPy's compatibility policy (NEP 19).
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([k & 0xFFFFFFFF for k in key])))


def batch_order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """Draw the order in which an epoch reads its rows: int32, shape (rows,), a permutation."""
    return make_generator(seed, ORDER_STREAM, epoch).permutation(rows).astype(np.int32)


def perturb(weights: np.ndarray, seed: int, index: int) -> np.ndarray:
    """Move each weight up or down by one unit in the last place of its dtype; zeros stay zeros."""
    up = make_generator(seed, PERTURBATION_STREAM, index).integers(0, 2, weights.shape).astype(bool)
    infinity = np.asarray(np.inf, weights.dtype)
    # The numbers next to zero are so small that each processor treats them in its own way.
    moved: np.ndarray = np.where(weights == 0, weights, np.nextafter(weights, np.where(up, infinity, -infinity)))
    return moved
