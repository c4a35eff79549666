"""Training by Keras alone, for models whose step the engines don't follow, such as one of the user's own.

`keras.Model.train_on_batch` runs the very step that `fit` runs; it gets the batches that `fit` would make of the rows
in our order. It resets the metrics first, so that the loss it returns is the batch's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from multibackend.engine.contract import Engine, Epoch, FirstStep
from multibackend.engine.loop import flat_metrics
from multibackend.engine.model import parts, why_through_fit
from multibackend.engine.state import restore_state, save_state, unused
from multibackend.errors import MultibackendError
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split


def compile_epoch(model: Any, training: Split, batch_size: int) -> Epoch:
    """An epoch of `train_on_batch`. Its metrics are the means of the batches', each weighing as many as its rows.

    Of the metrics that Keras takes as means over rows, loss and accuracy among them, that is what `fit` reports.
    """
    import keras

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        logs = [_train(model, training.take(rows)) for rows in batches]
        weights = [len(rows) for rows in batches]
        means = {name: np.average([log[name] for log in logs], weights=weights) for name in logs[0]}
        return np.asarray([log["loss"] for log in logs], keras.config.floatx()), means

    return Epoch(epoch, {"step": "train_on_batch", "through_fit": "; ".join(why_through_fit(model))})


def compile_first_step(engine: Engine, model: Any) -> FirstStep:
    """Train one step as Keras does: its loss; and the gradients of the *compiled* loss, which it may use otherwise."""

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        state = save_state(model)
        gradients = _differentiate(engine, model, batch)
        restore_state(model, state)
        loss = _train(model, batch)["loss"]
        metrics = model.metrics_variables
        for variable, value in zip(metrics, state[len(state) - len(metrics) :], strict=True):
            variable.assign(value)
        return loss, gradients

    return first_step


def _differentiate(engine: Engine, model: Any, batch: Split) -> dict[str, np.ndarray]:
    # Not the engine's own step, which on JAX calls a method that guides to steps of one's own tell to replace.
    def compiled_loss(_: list[Any]) -> tuple[Any, list[Any]]:
        x, y, weights = _tensors(batch)
        y_pred = model(x, training=True) if model._call_has_training_arg else model(x)
        return model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True), []

    _, gradients = engine.differentiate(compiled_loss, [], model.trainable_variables)
    named: dict[str, np.ndarray] = {}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        named[unused(named, variable.path)] = gradient
    return named


def _tensors(batch: Split) -> list[Any]:
    import keras

    return [map_arrays(keras.ops.convert_to_tensor, part) for part in parts(batch)]


def _train(model: Any, batch: Split) -> dict[str, float]:
    """Train a batch, given as the framework's own tensors, as `fit` gives it; what the step reports, as numbers."""
    import keras

    x, y, weights = _tensors(batch)
    if keras.backend.backend() == "torch":
        model.train()  # as fit does, for torch modules inside the model
    logs = model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
    if keras.backend.backend() == "torch":
        model.eval()
    if not isinstance(logs, Mapping) or "loss" not in logs:
        got = ", ".join(map(str, logs)) if isinstance(logs, Mapping) else type(logs).__name__
        raise MultibackendError(
            f"model {model.name!r}: its train_step reports {got or 'nothing'}; expected a dictionary with the batch's "
            "loss under 'loss'."
        )
    return flat_metrics({name: keras.ops.convert_to_numpy(value) for name, value in logs.items()})
