"""The JAX engine: an epoch is one compiled scan over the order of the rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import StatelessScope

from multibackend.engine.contract import Epoch, all_variables, call_recorded, parts, set_precision, to_numpy, unused
from multibackend.experiment import Split, map_arrays

SLOW_IN_LOOPS = ("conv_general_dilated", "select_and_scatter_add")
"""On CPU, XLA runs these several times slower inside a loop than outside (jax issue 12868, seen in 0.10.2)."""


def configure(precision: str, threads: int) -> dict[str, Any]:
    """Set precision and TF32 off; threads and determinism are environment variables of the process."""
    set_precision(precision)
    jax.config.update("jax_enable_x64", precision == "float64")
    jax.config.update("jax_default_matmul_precision", "highest")  # no TF32 on CUDA
    return {"threads": threads, "jax_enable_x64": precision == "float64", "jax_default_matmul_precision": "highest"}


def device() -> str:
    """The device that trains."""
    first = jax.devices()[0]
    return "cpu" if first.platform == "cpu" else f"cuda ({first.device_kind})"


def forward(model: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Each layer's output in inference mode, in the order of the calls, by the layer's path."""
    names: list[str] = []

    def outputs(values: Any, inputs: Any) -> list[jax.Array]:
        with StatelessScope(state_mapping=list(zip(model.variables, values, strict=True))):
            recorded = call_recorded(model, inputs)
        names[:] = recorded
        return list(recorded.values())

    arrays = jax.jit(outputs)([variable.value for variable in model.variables], map_arrays(jnp.asarray, inputs))
    return {name: to_numpy(array) for name, array in zip(names, arrays, strict=True)}


def loss_and_gradients(model: Any, batch: Split) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch in training mode, and its gradient for each trainable variable, by path."""
    (_, aux), gradients = jax.jit(partial(_differentiate, model))(_state(model), *_on_device(batch))
    named: dict[str, np.ndarray] = {}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        named[unused(named, variable.path)] = to_numpy(gradient)
    return float(aux[0]), named


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    del epochs  # nothing here depends on how long training will be
    data = _on_device(training)
    one_step = partial(_step, model)
    step = jax.jit(one_step, donate_argnums=0)
    scan = jax.jit(
        lambda state, data, batches: jax.lax.scan(lambda s, rows: one_step(s, data, rows), state, batches),
        donate_argnums=0,
    )
    some_rows = jnp.zeros(min(batch_size, training.rows), jnp.int32)
    program = str(jax.make_jaxpr(one_step)(_state(model), data, some_rows))
    stepwise = device() == "cpu" and any(name in program for name in SLOW_IN_LOOPS)

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        model.reset_metrics()
        state = _state(model)
        full = len(order) - len(order) % batch_size
        batches = jnp.asarray(order[:full].reshape(-1, batch_size))
        losses = []
        if full and not stepwise:
            state, scanned = scan(state, data, batches)
            losses.append(scanned)
        elif full:
            for rows in batches:
                state, loss = step(state, data, rows)
                losses.append(loss[None])
        if full < len(order):
            state, loss = step(state, data, jnp.asarray(order[full:]))
            losses.append(loss[None])
        for variable, value in zip(all_variables(model), (value for group in state for value in group), strict=True):
            variable.assign(value)
        return np.asarray(jnp.concatenate(losses)), model.get_metrics_result()

    return Epoch(epoch, how={})


def _state(model: Any) -> Any:
    # Copies, as the compiled functions reuse the buffers they are given.
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    return tuple([jnp.array(variable.value, copy=True) for variable in group] for group in groups)


def _on_device(split: Split) -> tuple[Any, Any, Any]:
    x, y, weights = (map_arrays(jnp.asarray, part) for part in parts(split))
    return x, y, weights


def _differentiate(model: Any, state: Any, x: Any, y: Any, weights: Any) -> Any:
    trainable, non_trainable, slots, metrics = state
    loss = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
    return loss(trainable, non_trainable, metrics, x, y, weights, training=True, optimizer_variables=slots)


def _step(model: Any, state: Any, data: Any, rows: jax.Array) -> tuple[Any, jax.Array]:
    """One step of `keras.Model.fit` on JAX (keras/src/backend/jax/trainer.py, train_step), stateless."""
    x, y, weights = jax.tree.map(lambda array: jnp.take(array, rows, axis=0), data)
    trainable, _, slots, _ = state
    (_, (loss, y_pred, non_trainable, metrics)), gradients = _differentiate(model, state, x, y, weights)
    trainable, slots = model.optimizer.stateless_apply(slots, gradients, trainable)
    _, metrics = model._update_metrics_variables(metrics, loss, x, y, y_pred, weights)
    return (trainable, non_trainable, slots, metrics), loss
