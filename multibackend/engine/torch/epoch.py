"""One epoch on torch: Keras' step, captured once as torch's own operations, and replayed for each batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from keras import ops
from keras.src.backend.torch.core import get_device

from multibackend.engine.contract import Epoch
from multibackend.engine.model import parts
from multibackend.engine.torch.setup import place
from multibackend.engine.torch.speed.replays import Replays
from multibackend.engine.torch.step import make_step, training_mode
from multibackend.experiments.experiment import Split


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    data = tuple(map(place, parts(training)))
    replays = Replays(model, partial(make_step(model), data), training.rows)
    with training_mode(model):
        for size in {min(batch_size, training.rows), training.rows % batch_size} - {0}:
            replays.prepare(size)
        replays.compile(min(batch_size, training.rows), epochs * -(-training.rows // batch_size))

    def epoch(order: np.ndarray) -> tuple[torch.Tensor, dict[str, Any]]:
        model.reset_metrics()
        with training_mode(model):
            batches = torch.as_tensor(order, dtype=torch.int64, device=get_device()).split(batch_size)
            steps = {size: replays.prepare(size) for size in {len(rows) for rows in batches}}
            losses = torch.stack([steps[len(rows)](rows) for rows in batches])
        # Copies: a result may be its metric's variable, which the next epoch writes over.
        return losses, {k: ops.convert_to_tensor(v).clone() for k, v in model.get_metrics_result().items()}

    return Epoch(epoch, replays.how)
