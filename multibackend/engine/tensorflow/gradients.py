"""Gradients on TensorFlow, of any function: a tape watches what is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from multibackend.engine.contract import Differentiable
from multibackend.engine.state import to_numpy


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return a function's results, and its scalar's gradients: for each array, then for each variable."""
    tensors = [tf.constant(array) for array in arrays]
    leaves = [*tensors, *(variable.value for variable in variables)]
    floating = [leaf for leaf in leaves if leaf.dtype.is_floating]
    with tf.GradientTape() as tape:
        for leaf in floating:
            tape.watch(leaf)
        total, results = function(tensors)
    found = iter(tape.gradient(total, floating, unconnected_gradients=tf.UnconnectedGradients.ZERO))
    gradients = [next(found) if leaf.dtype.is_floating else tf.zeros(leaf.shape) for leaf in leaves]
    return [to_numpy(result) for result in results], [to_numpy(tf.convert_to_tensor(g)) for g in gradients]
