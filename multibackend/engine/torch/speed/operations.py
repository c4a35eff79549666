"""An operation of Keras' on torch that would keep a step from being captured, replaced for the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from keras.optimizers.schedules import LearningRateSchedule


@contextmanager
def tensor_as_alpha(optimizer: Any) -> Iterator[None]:
    """Let Keras' SGD follow a schedule of learning rates without reading a number back from the device, while open."""
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
