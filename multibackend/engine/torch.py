"""The torch engine: Keras' step with nothing around it, on data that lies on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from keras import tree
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import Epoch, call_recorded, parts, set_precision, to_numpy, unused
from multibackend.experiment import Split, map_arrays


def configure(precision: str, threads: int) -> dict[str, Any]:
    """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""
    set_precision(precision)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return {"threads": torch.get_num_threads(), "deterministic_algorithms": True, "allow_tf32": False}


def device() -> str:
    """The device that trains."""
    return f"cuda ({torch.cuda.get_device_name()})" if get_device().startswith("cuda") else "cpu"


def forward(model: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Each layer's output in inference mode, in the order of the calls, by the layer's path."""
    with torch.no_grad():
        return {name: to_numpy(value) for name, value in call_recorded(model, _tensors(inputs)).items()}


def loss_and_gradients(model: Any, batch: Split) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch in training mode, and its gradient for each trainable variable, by path."""
    loss, _ = _forward(model, *_on_device(batch))
    model.zero_grad()
    loss.backward()
    named: dict[str, np.ndarray] = {}
    for variable in model.trainable_variables:
        gradient = variable.value.grad
        named[unused(named, variable.path)] = to_numpy(
            torch.zeros_like(variable.value) if gradient is None else gradient
        )
    model.zero_grad()
    return float(loss.detach()), named


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    del epochs  # nothing here depends on how long training will be
    data = _on_device(training)

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        model.reset_metrics()
        model.train()  # as fit does, for torch modules inside the model
        batches = torch.as_tensor(order, dtype=torch.int64, device=get_device()).split(batch_size)
        losses = torch.stack([_step(model, data, rows) for rows in batches])
        model.eval()
        return to_numpy(losses), model.get_metrics_result()

    return Epoch(epoch, how={})


def _on_device(split: Split) -> tuple[Any, Any, Any]:
    x, y, weights = (_tensors(part) for part in parts(split))
    return x, y, weights


def _tensors(arrays: Any) -> Any:
    return map_arrays(lambda array: torch.tensor(array, device=get_device()), arrays)


def _forward(model: Any, x: Any, y: Any, weights: Any) -> tuple[torch.Tensor, Any]:
    y_pred = model(x, training=True) if model._call_has_training_arg else model(x)
    return model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True), y_pred


def _step(model: Any, data: Any, rows: torch.Tensor) -> torch.Tensor:
    """One step of `keras.Model.fit` on torch (keras/src/backend/torch/trainer.py, train_step)."""
    x, y, weights = tree.map_structure(lambda array: None if array is None else array[rows], data)
    loss, y_pred = _forward(model, x, y, weights)
    model.zero_grad()
    model._loss_tracker.update_state(loss, sample_weight=len(rows))
    loss.backward()
    trainable = model.trainable_weights
    with torch.no_grad():
        model.optimizer.apply([variable.value.grad for variable in trainable], trainable)
    model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return loss.detach()
