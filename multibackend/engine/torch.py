"""The torch engine: Keras' step, captured once as torch's own operations, on data that lies on the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from keras import tree
from keras.optimizers.schedules import LearningRateSchedule
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import (
    Epoch,
    all_variables,
    call_recorded,
    parts,
    restore_state,
    save_state,
    set_precision,
    to_numpy,
    unused,
)
from multibackend.engine.torch_capture import Captured, Step, Uncapturable, capture
from multibackend.experiment import Split, map_arrays

CHECKED_STEPS = 3
"""Steps that a capture must repeat to the bit before it is used: the second reads what the first wrote."""


def configure(precision: str, threads: int) -> dict[str, Any]:
    """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""
    set_precision(precision)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # else every result is written twice
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
    step = partial(_step, model, _on_device(training))
    sizes = sorted({min(batch_size, training.rows), training.rows % batch_size} - {0})
    captured: dict[int, Captured] = {}
    how: dict[str, Any] = {"step": "captured"}
    model.train()  # as fit does, for torch modules inside the model
    try:
        captured = {size: _capture(model, step, size, training.rows) for size in sizes}
    except Uncapturable as reason:
        how = {"step": "eager", "reason": str(reason)}
    model.eval()

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        model.reset_metrics()
        model.train()
        for size in [size for size, one in captured.items() if not one.is_valid]:
            captured[size] = _capture(model, step, size, training.rows)
        batches = torch.as_tensor(order, dtype=torch.int64, device=get_device()).split(batch_size)
        replays = [captured[len(rows)].run if len(rows) in captured else step for rows in batches]
        with torch.inference_mode() if captured else nullcontext():
            losses = [replay(rows) for replay, rows in zip(replays, batches, strict=True)]
            stacked = to_numpy(torch.stack(losses))
        model.eval()
        return stacked, model.get_metrics_result()

    return Epoch(epoch, how)


def _capture(model: Any, step: Step, size: int, rows: int) -> Captured:
    """Capture the step for batches of `size`, and see that it does to the bit what the step does.

    Raises:
        Uncapturable: it doesn't, or the step can't be captured.
    """
    batches = [torch.arange(i * size, (i + 1) * size, device=get_device()) % rows for i in range(CHECKED_STEPS)]
    variables = [variable.value for variable in (*all_variables(model), *model.variables)]
    before = save_state(model)
    reason = ""
    try:
        expected = [to_numpy(step(numbers)) for numbers in batches] + save_state(model)
        for relayout in (True, False):
            try:
                restore_state(model, before)
                captured = capture(step, batches[0], variables, relayout)
                restore_state(model, before)
                with torch.inference_mode():
                    losses = [to_numpy(captured.run(numbers)) for numbers in batches]
            except Uncapturable as error:
                reason = str(error)
            except Exception as error:  # what torch or Keras can't do while it is watched, the eager step can
                reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            else:
                got = losses + save_state(model)
                if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, expected, strict=True)):
                    return captured
                reason = f"after {CHECKED_STEPS} steps the captured operations differ from the step"
    finally:
        restore_state(model, before)
    raise Uncapturable(reason)


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
    x, y, weights = tree.map_structure(lambda array: None if array is None else array.index_select(0, rows), data)
    loss, y_pred = _forward(model, x, y, weights)
    model._loss_tracker.update_state(loss, sample_weight=len(rows))
    trainable = model.trainable_weights
    gradients = torch.autograd.grad(loss, [variable.value for variable in trainable], allow_unused=True)
    with torch.no_grad(), _alpha_may_be_a_tensor(model.optimizer):
        model.optimizer.apply(list(gradients), trainable)
    model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return loss.detach()


@contextmanager
def _alpha_may_be_a_tensor(optimizer: Any) -> Iterator[None]:
    # Keras' SGD passes its learning rate as `alpha` (keras/src/backend/torch/optimizers/torch_sgd.py, seen in 3.15.1),
    # which reads the number back from the device: no capture could follow a schedule, and CUDA waits in each step.
    add = torch._foreach_add_

    def scaled(to: Any, values: Any, alpha: Any = 1) -> None:
        if isinstance(alpha, torch.Tensor):
            values, alpha = torch._foreach_mul(values, alpha), 1
        add(to, values, alpha=alpha)

    if isinstance(optimizer._learning_rate, LearningRateSchedule):
        with patch.object(torch, "_foreach_add_", scaled):
            yield
    else:  # a constant, which the capture takes for one
        yield
