"""The loop over epochs, and what is measured with Keras' own functions: evaluation and prediction."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from multibackend.engine.contract import Epoch
from multibackend.engine.intercept import flatten
from multibackend.engine.state import to_numpy
from multibackend.experiments.experiment import Split

EVALUATION_BATCH = 1024
"""Rows in an evaluation batch: the mean over rows doesn't depend on it, the time does."""

SHORT_EPOCH = 0.05
"""Seconds: the results of shorter epochs are read while the next one is computed. Of longer ones they are read, and
told, at once."""


def evaluate(model: Any, split: Split) -> dict[str, float]:
    """Loss and metrics over a split's rows, as `keras.Model.evaluate` gives them."""
    result = model.evaluate(
        split.inputs,
        split.targets,
        sample_weight=split.sample_weights,
        batch_size=min(EVALUATION_BATCH, split.rows),
        verbose=0,
        return_dict=True,
    )
    return flat_metrics(result)


def predict(model: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Each output's predictions, keyed "0", "1", ... in the model's order."""
    result = model.predict(inputs, batch_size=EVALUATION_BATCH, verbose=0)
    return {str(i): np.asarray(value) for i, value in enumerate(flatten(result))}


def flat_metrics(logs: Mapping[str, Any]) -> dict[str, float]:
    """Metrics by name, as floats; a metric of several values is split into `name.0`, `name.1`, ..."""
    flat: dict[str, float] = {}
    for name, value in logs.items():
        values = np.asarray(value, dtype=float)
        if values.size == 1:
            flat[name] = float(values.item())
        else:
            flat |= {f"{name}.{i}": float(number) for i, number in enumerate(values.ravel())}
    return flat


@dataclass(frozen=True)
class Trajectory:
    """What a training left: each step's loss, and each epoch's logs as `fit` reports them."""

    losses: np.ndarray
    history: dict[str, list[float]]

    @property
    def finite(self) -> bool:
        """Whether every step's loss is a finite number."""
        return bool(np.isfinite(self.losses).all())


def train(
    model: Any,
    epoch: Epoch,
    orders: list[np.ndarray],
    validation: Split | None,
    on_epoch: Callable[[int, float], None] = lambda *_: None,
) -> Trajectory:
    """Train one epoch for each order of rows, as `fit` would on rows so permuted.

    `on_epoch` hears each epoch's number (from 1) and training loss.
    """
    losses: list[np.ndarray] = []
    history: dict[str, list[float]] = {}

    def read(number: int, stepped: Any, metrics: dict[str, Any], validated: dict[str, float]) -> None:
        losses.append(to_numpy(stepped))
        logs = flat_metrics({name: to_numpy(value) for name, value in metrics.items()}) | validated
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        on_epoch(number, logs.get("loss", math.nan))

    unread, most_unread = [], 0
    for number, order in enumerate(orders, start=1):
        start = time.perf_counter()
        results = epoch(order)
        evaluated = {} if validation is None else evaluate(model, validation)
        unread.append((number, *results, {f"val_{name}": value for name, value in evaluated.items()}))
        while len(unread) > most_unread:
            read(*unread.pop(0))
        most_unread = int(time.perf_counter() - start < SHORT_EPOCH)
    for epochs_results in unread:
        read(*epochs_results)
    model.optimizer.finalize_variable_values(model.trainable_weights)
    return Trajectory(np.concatenate(losses), history)
