"""One training step on torch: Python that reads and assigns the model's variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from keras import tree
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import FirstStep
from multibackend.engine.model import compute_loss, parts
from multibackend.engine.state import by_path, to_numpy
from multibackend.engine.torch.setup import place
from multibackend.engine.torch.speed.operations import tensor_as_alpha
from multibackend.experiments.experiment import Split

Step = Callable[[Any, torch.Tensor], torch.Tensor]
"""A function of data and the numbers of a batch's rows that trains on these and returns the loss."""


@contextmanager
def training_mode(model: Any) -> Iterator[None]:
    """Put the torch modules inside a model in training mode while open, as `fit` does."""
    model.train()
    try:
        yield
    finally:
        model.eval()


def compile_first_step(model: Any) -> FirstStep:
    """Compile a function that trains one step on a batch and returns its loss and its gradients."""

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        loss, _, gradients = _differentiate_loss(model, *map(place, parts(batch)))
        variables = model.trainable_variables
        found = (torch.zeros_like(v.value) if g is None else g for v, g in zip(variables, gradients, strict=True))
        named = by_path(variables, map(to_numpy, found))
        _apply(model, gradients)
        return float(loss.detach()), named

    return first_step


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    _apply(model, [torch.tensor(gradient, device=get_device()) for gradient in gradients])


def make_step(model: Any) -> Step:
    """Return one step of `keras.Model.fit` on torch (keras/src/backend/torch/trainer.py, train_step)."""

    def step(data: Any, rows: torch.Tensor) -> torch.Tensor:
        x, y, weights = tree.map_structure(lambda array: None if array is None else array.index_select(0, rows), data)
        loss, y_pred, gradients = _differentiate_loss(model, x, y, weights)
        model._loss_tracker.update_state(loss, sample_weight=len(rows))
        _apply(model, gradients)
        model.compute_metrics(x, y, y_pred, sample_weight=weights)
        return loss.detach()

    return step


def _differentiate_loss(model: Any, x: Any, y: Any, weights: Any) -> tuple[torch.Tensor, Any, list[Any]]:
    """Return a batch's loss, its predictions, and its gradients: for each trainable variable, or None."""
    loss, y_pred = compute_loss(model, x, y, weights)
    values = [variable.value for variable in model.trainable_weights]
    return loss, y_pred, list(torch.autograd.grad(loss, values, allow_unused=True))


def _apply(model: Any, gradients: list[torch.Tensor | None]) -> None:
    with torch.no_grad(), tensor_as_alpha(model.optimizer):
        model.optimizer.apply(gradients, model.trainable_weights)
