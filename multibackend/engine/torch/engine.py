"""The torch engine: Keras' step, captured once as torch's own operations, on data that lies on the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from keras import ops, tree
from keras.config import floatx
from keras.optimizers.schedules import LearningRateSchedule
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import Differentiable, Epoch, FirstStep, Forward
from multibackend.engine.intercept import call_recorded
from multibackend.engine.model import parts, set_precision
from multibackend.engine.payback import unchanged
from multibackend.engine.state import all_variables, restore_state, save_state, to_numpy, unused
from multibackend.engine.torch.capture import Captured, Step, Uncapturable, capture
from multibackend.engine.torch.capture.inductor import choose_step
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split

CHECKED_STEPS = 3
"""Steps that a capture must repeat to the bit before it is used: the second reads what the first wrote."""

ROUNDING = 1e4
"""Units of rounding, by norm, that a compiler may change in as many steps: Adam's first steps divide gradients near
rounding by themselves. A batch or a term left out changes more than a thousand times as much."""


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


def compile_forward(model: Any) -> Forward:
    """Of inputs, each layer's output in inference mode, in the order of the calls, by the layer's path."""

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        with torch.no_grad():
            return {name: to_numpy(value) for name, value in call_recorded(model, _tensors(inputs)).items()}

    return forward


def compile_first_step(model: Any) -> FirstStep:
    """Train one step on a batch: its loss, and the gradient for each trainable variable, by path."""

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        loss, _ = _forward(model, *_on_device(batch))
        gradients = _gradients(model, loss)
        named: dict[str, np.ndarray] = {}
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            found = torch.zeros_like(variable.value) if gradient is None else gradient
            named[unused(named, variable.path)] = to_numpy(found)
        _apply(model, gradients)
        return float(loss.detach()), named

    return first_step


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A function's results, and the gradients of its scalar: for each array, then for each variable."""
    tensors = [torch.tensor(array, device=get_device()) for array in arrays]
    tensors = [tensor.requires_grad_(tensor.is_floating_point()) for tensor in tensors]
    leaves = [*tensors, *(variable.value for variable in variables)]
    total, results = function(tensors)
    sought = [leaf for leaf in leaves if leaf.requires_grad and total.requires_grad]
    found = iter(torch.autograd.grad(total, sought, allow_unused=True) if sought else ())
    gradients = [next(found) if leaf.requires_grad and total.requires_grad else None for leaf in leaves]
    zeros = (torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients, strict=True))
    return [to_numpy(result.detach()) for result in results], [to_numpy(gradient) for gradient in zeros]


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    _apply(model, [torch.tensor(gradient, device=get_device()) for gradient in gradients])


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    replays = _Replays(model, partial(_step, model, _on_device(training)), training.rows)
    model.train()  # as fit does, for torch modules inside the model
    for size in {min(batch_size, training.rows), training.rows % batch_size} - {0}:
        replays.prepare(size)
    replays.compile(min(batch_size, training.rows), epochs * -(-training.rows // batch_size))
    model.eval()

    def epoch(order: np.ndarray) -> tuple[torch.Tensor, dict[str, Any]]:
        model.reset_metrics()
        model.train()
        batches = torch.as_tensor(order, dtype=torch.int64, device=get_device()).split(batch_size)
        steps = {size: replays.prepare(size) for size in {len(rows) for rows in batches}}
        losses = torch.stack([steps[len(rows)](rows) for rows in batches])
        model.eval()
        # Copies: a result may be its metric's variable, which the next epoch writes over.
        return losses, {k: ops.convert_to_tensor(v).clone() for k, v in model.get_metrics_result().items()}

    return Epoch(epoch, replays.how)


class _Replays:
    """What runs a step, by the number of rows in its batch: a capture, or the step itself where there can be none."""

    def __init__(self, model: Any, step: Step, rows: int) -> None:
        self.how: dict[str, Any] = {"step": "captured"}
        self._model, self._step, self._rows = model, step, rows
        self._captured: dict[int, Captured] = {}

    def prepare(self, size: int) -> Step:
        """What runs a step of `size` rows, captured now if it wasn't, or if what was taken for constant has changed."""
        known = self._captured.get(size)
        if self.how["step"] == "captured" and not (known and known.is_valid):
            try:
                self._captured[size] = self._capture(size)
            except Uncapturable as reason:
                self.how |= {"step": "eager", "reason": str(reason)}
        return self._captured[size].run if self.how["step"] == "captured" else self._step

    def compile(self, size: int, steps: int) -> None:
        """Let inductor compile the step of `size` rows, if that pays back within so many steps."""
        if size not in self._captured:
            return
        captured, rows = self._captured[size], self._some_batches(size)[0]
        key = {"backend": "torch", "threads": torch.get_num_threads(), "device": str(rows.device)}
        with unchanged(self._model):
            run, how = choose_step(captured, rows, steps, key, lambda run: self._trains_alike(run, captured.run, size))
        self._captured[size] = replace(captured, run=run)
        self.how |= how

    def _some_batches(self, size: int) -> list[torch.Tensor]:
        numbers = torch.arange(CHECKED_STEPS * size, device=get_device()) % self._rows
        return list(numbers.split(size))

    def _trains_alike(self, run: Step, captured: Step, size: int) -> bool:
        """Whether two steps do the same but for rounding."""
        results = []
        for step in (run, captured):
            with unchanged(self._model):
                losses = [to_numpy(step(rows)) for rows in self._some_batches(size)]
                results.append(losses + save_state(self._model))
        epsilon = np.finfo(floatx()).eps
        return all(
            np.linalg.norm(a - b) <= ROUNDING * epsilon * (1 + np.linalg.norm(b))
            for a, b in zip(*results, strict=True)
            if b.dtype.kind == "f"
        )

    def _capture(self, size: int) -> Captured:
        """Capture the step, and see that the capture does to the bit what the step does.

        Raises:
            Uncapturable: it doesn't, or the step can't be captured.
        """
        model, batches = self._model, self._some_batches(size)
        variables = [variable.value for variable in (*all_variables(model), *model.variables)]
        before = save_state(model)
        reason = ""
        try:
            expected = [to_numpy(self._step(rows)) for rows in batches] + save_state(model)
            for relayout in (True, False):
                restore_state(model, before)
                try:
                    captured = capture(self._step, batches[0], variables, relayout)
                    restore_state(model, before)
                    got = [to_numpy(captured.run(rows)) for rows in batches] + save_state(model)
                except Uncapturable as error:
                    reason = str(error)
                except Exception as error:  # what Keras or torch can't do while it is watched, it still does eagerly
                    reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
                else:
                    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, expected, strict=True)):
                        return captured
                    reason = f"after {CHECKED_STEPS} steps, the captured operations have not done what the step does"
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
    _apply(model, _gradients(model, loss))
    model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return loss.detach()


def _gradients(model: Any, loss: torch.Tensor) -> list[torch.Tensor | None]:
    values = [variable.value for variable in model.trainable_weights]
    return list(torch.autograd.grad(loss, values, allow_unused=True))


def _apply(model: Any, gradients: list[torch.Tensor | None]) -> None:
    with torch.no_grad(), _alpha_may_be_a_tensor(model.optimizer):
        model.optimizer.apply(gradients, model.trainable_weights)


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
