"""Faults of the optimizer, of layers' state, and faults that begin only after some steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from multibackend.engine.backends import get_engine
from power.planting import (
    Site,
    after_call,
    change_gradients,
    find_layer,
    from_step,
    get_backend,
    in_code,
    in_model,
    meanwhile,
)

UPDATE = "_backend_update_step"

# --------------------------------------------------------------------------------------------------- optimizer


def scale_learning_rate(model: keras.Model, factor: float) -> None:
    read = model.optimizer._get_current_learning_rate
    meanwhile(model.optimizer, "_backend_apply_gradients", _get_current_learning_rate=lambda: read() * factor)


@in_model
def learning_rate_5_percent(model: keras.Model) -> None:
    scale_learning_rate(model, 1.05)


@in_model
def learning_rate_a_thousandth(model: keras.Model) -> None:
    scale_learning_rate(model, 1.001)


@in_model
def adam_beta_2(model: keras.Model) -> None:
    meanwhile(model.optimizer, UPDATE, beta_2=0.99)


@in_model
def adam_epsilon(model: keras.Model) -> None:
    meanwhile(model.optimizer, UPDATE, epsilon=1e-5)


@in_model
def rmsprop_rho(model: keras.Model) -> None:
    meanwhile(model.optimizer, UPDATE, rho=0.95)


@in_model
def nesterov_ignored(model: keras.Model) -> None:
    meanwhile(model.optimizer, UPDATE, nesterov=False)


@in_model
def adagrad_start(model: keras.Model) -> None:
    meanwhile(model.optimizer, "build", initial_accumulator_value=0.05)


@in_model
def weight_decay_skipped(model: keras.Model) -> None:
    model.optimizer._apply_weight_decay = lambda _: None


@in_model
def weight_decay_on_bias(model: keras.Model) -> None:
    model.optimizer._use_weight_decay = lambda _: True


@in_model
def clipping_left_out(model: keras.Model) -> None:
    model.optimizer._clip_gradients = lambda gradients: gradients


@in_model
def schedule_a_step_late(model: keras.Model) -> None:
    optimizer = model.optimizer
    schedule = optimizer._learning_rate
    optimizer._get_current_learning_rate = lambda: schedule(ops.maximum(optimizer._iterations - 1, 0))


@in_model
def stale_slot(model: keras.Model) -> None:
    optimizer = model.optimizer
    assign = optimizer.assign
    optimizer.assign = lambda variable, value: (
        None if variable.path.endswith("middle_kernel_momentum") else assign(variable, value)
    )


@in_model
def bias_correction_constant(model: keras.Model) -> None:
    iterations = model.optimizer._iterations
    meanwhile(model.optimizer, UPDATE, _iterations=ops.zeros_like(iterations.value))


# --------------------------------------------------------------------------------------------- layers' own state


@in_model
def batch_normalization_momentum(model: keras.Model) -> None:
    meanwhile(find_layer(model, "norm"), "call", momentum=0.9)


@in_model
def moving_variance_unbiased(model: keras.Model) -> None:
    norm = find_layer(model, "norm")
    call = norm.call

    def unbiased(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        before = ops.convert_to_tensor(norm.moving_variance) * 1
        outputs = call(inputs, training=training, mask=mask)
        if training:
            rows = ops.cast(ops.shape(inputs)[0], inputs.dtype)
            kept = before * norm.momentum
            norm.moving_variance.assign(kept + (norm.moving_variance - kept) * rows / (rows - 1))
        return outputs

    norm.call = unbiased


@in_model
def dropout_rate(model: keras.Model) -> None:
    meanwhile(find_layer(model, "dropout"), "call", rate=0.3)


@in_model
def dropout_mask_repeated(model: keras.Model) -> None:
    seeds = find_layer(model, "dropout").seed_generator
    seeds.next = lambda **_: seeds.state.value * 1


# -------------------------------------------------------------------------------------- from a step on, or an epoch


@in_model
def gradients_from_step_2(model: keras.Model) -> None:
    change_gradients(model, lambda gradients: [g * from_step(model, 2, 1.01) for g in gradients])


@in_model
def layer_from_step_5(model: keras.Model) -> None:
    after_call(find_layer(model, "pool"), lambda x: x * from_step(model, 5, 1.001))


@in_model
def frozen_from_step_9(model: keras.Model) -> None:
    change_gradients(model, lambda gradients: [gradients[0] * from_step(model, 9, 0.0), *gradients[1:]])


def change_epochs(site: Site, change: Any) -> None:
    """Run each epoch on another order of the rows: `change(order, number)`, the number from 1."""
    engine = get_engine(get_backend())

    def compile_changed(compile_epoch: Any) -> Any:
        def compiled(*args: Any) -> Any:
            epoch, numbers = compile_epoch(*args), iter(range(1, 1000))
            return replace(epoch, run=lambda order: epoch(np.ascontiguousarray(change(order, next(numbers)))))

        return compiled

    site.replace(engine, "compile_epoch", compile_changed)


@in_code
def last_batch_dropped(site: Site) -> None:
    change_epochs(site, lambda order, _: order[: len(order) - len(order) % 8])


@in_code
def second_epoch_reversed(site: Site) -> None:
    change_epochs(site, lambda order, number: order[::-1] if number % 2 == 0 else order)


@in_model
def metrics_not_reset(model: keras.Model) -> None:
    model.reset_metrics = lambda: None


@in_model
def stale_evaluation(model: keras.Model) -> None:
    stale = [ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    test_step = model.test_step

    def test_first(state: Any, data: Any) -> Any:
        logs, (_, *others) = test_step(([ops.convert_to_tensor(value) for value in stale], *state[1:]), data)
        return logs, (state[0], *others)

    model.test_step = test_first
