"""Gradients on torch, of any function: autograd follows what is computed from its leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import Differentiable
from multibackend.engine.state import to_numpy


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return a function's results, and its scalar's gradients: for each array, then for each variable."""
    tensors = [torch.tensor(array, device=get_device()) for array in arrays]
    tensors = [tensor.requires_grad_(tensor.is_floating_point()) for tensor in tensors]
    leaves = [*tensors, *(variable.value for variable in variables)]
    total, results = function(tensors)
    sought = [leaf for leaf in leaves if leaf.requires_grad and total.requires_grad]
    found = iter(torch.autograd.grad(total, sought, allow_unused=True) if sought else ())
    gradients = [next(found) if leaf.requires_grad and total.requires_grad else None for leaf in leaves]
    zeros = (torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients, strict=True))
    return [to_numpy(result.detach()) for result in results], [to_numpy(gradient) for gradient in zeros]
