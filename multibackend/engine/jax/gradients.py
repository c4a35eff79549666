"""Gradients on JAX, of any function: a transformation of a function without side effects."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import StatelessScope

from multibackend.engine.contract import Differentiable
from multibackend.engine.state import to_numpy


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return a function's results, and its scalar's gradients: for each array, then for each variable."""
    tensors = [jnp.asarray(array) for array in arrays]
    floating = [i for i, tensor in enumerate(tensors) if jnp.issubdtype(tensor.dtype, jnp.floating)]

    def scalar(leaves: list[jax.Array], values: list[jax.Array]) -> tuple[jax.Array, list[jax.Array]]:
        given = dict(zip(floating, leaves, strict=True))
        with StatelessScope(state_mapping=list(zip(variables, values, strict=True)), collect_losses=True):
            total, results = function([given.get(i, tensor) for i, tensor in enumerate(tensors)])
        return total, results

    inputs = [tensors[i] for i in floating], [variable.value for variable in variables]
    (_, results), (of_arrays, of_variables) = jax.jit(jax.value_and_grad(scalar, (0, 1), has_aux=True))(*inputs)
    gradients = [np.zeros(array.shape) for array in arrays]
    for i, gradient in zip(floating, of_arrays, strict=True):
        gradients[i] = to_numpy(gradient)
    return [to_numpy(result) for result in results], [*gradients, *map(to_numpy, of_variables)]
