"""Training by Keras alone, for models whose step the engines don't follow, such as one of the user's own.

`keras.Model.train_on_batch` runs the very step that `fit` runs. It gets the batches that `fit` would make of the rows
in our order, and resets the metrics first, so that the loss it returns is the batch's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from multibackend.engine.contract import Epoch, FirstStep, TrainingEngine
from multibackend.engine.loop import flat_metrics
from multibackend.engine.model import as_tensors, compute_loss, why_through_fit
from multibackend.engine.state import by_path, restore_state, save_state
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Split


def compile_epoch(engine: TrainingEngine, model: Any, training: Split, batch_size: int) -> Epoch:
    """Return an epoch of `train_on_batch`; its metrics are the batches' means, weighted by their rows.

    For metrics that Keras takes as means over rows, loss and accuracy among them, `fit` reports the same.
    """
    import keras

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        logs = [_train(engine, model, training.take(rows)) for rows in batches]
        weights = [len(rows) for rows in batches]
        means = {name: np.average([log[name] for log in logs], weights=weights) for name in logs[0]}
        return np.asarray([log["loss"] for log in logs], keras.config.floatx()), means

    return Epoch(epoch, {"step": "train_on_batch", "through_fit": "; ".join(why_through_fit(model))})


def compile_first_step(engine: TrainingEngine, model: Any) -> FirstStep:
    """Return a function that trains one step as Keras does.

    It returns the step's loss, and the gradients of the *compiled* loss, which a step of one's own may use otherwise.
    """

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        state = save_state(model)
        gradients = _differentiate_compiled_loss(engine, model, batch)
        restore_state(model, state)
        loss = _train(engine, model, batch)["loss"]
        metrics = model.metrics_variables
        for variable, value in zip(metrics, state[len(state) - len(metrics) :], strict=True):
            variable.assign(value)
        return loss, gradients

    return first_step


def _differentiate_compiled_loss(engine: TrainingEngine, model: Any, batch: Split) -> dict[str, np.ndarray]:
    # Not by the engine's own step: on JAX it calls a method that Keras' guides tell authors of steps to replace.
    def compiled_loss(_: list[Any]) -> tuple[Any, list[Any]]:
        return compute_loss(model, *as_tensors(batch))[0], []

    _, gradients = engine.differentiate(compiled_loss, [], model.trainable_variables)
    return by_path(model.trainable_variables, gradients)


def _train(engine: TrainingEngine, model: Any, batch: Split) -> dict[str, float]:
    """Train on a batch, given as the framework's own tensors, as `fit` gives it; return what the step reports."""
    import keras

    x, y, weights = as_tensors(batch)
    with engine.training_mode(model):
        logs = model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
    if not isinstance(logs, Mapping) or "loss" not in logs:
        got = ", ".join(map(str, logs)) if isinstance(logs, Mapping) else type(logs).__name__
        raise MultibackendError(
            f"model {model.name!r}: its train_step reports {got or 'nothing'}; expected a dictionary with the batch's "
            "loss under 'loss'."
        )
    return flat_metrics({name: keras.ops.convert_to_numpy(value) for name, value in logs.items()})
