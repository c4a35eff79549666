"""The JAX engine: an epoch is one compiled scan over the order of the rows."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import StatelessScope

from multibackend.engine.contract import Differentiable, Epoch, FirstStep, Forward
from multibackend.engine.intercept import call_recorded
from multibackend.engine.jax.cpu import replace_slow
from multibackend.engine.model import parts, set_precision
from multibackend.engine.state import all_variables, to_numpy, unused
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split

SLOW_IN_LOOPS = ("conv_general_dilated",)
"""On CPU, XLA runs this several times slower inside a loop than outside (jax issue 12868, seen in 0.10.2)."""

PRODUCTS_BY_EIGEN = {"xla_cpu_experimental_ynn_fusion_type": ""}
"""For XLA on several cores: its default library for products, YNNPACK, waits for threads that are busy with others.
Without it six of the benchmark's trainings took 0.94 to 0.99 of their time on two cores; B9 takes 1.04 on one."""

FEWER_COPIES = {"xla_cpu_copy_insertion_use_region_analysis": True}
"""For XLA on CPU, which otherwise copies weights in each round of a loop: 5 copies instead of 36 in the benchmark's
deep network. On two cores B9 took 0.92 of its time, deep and transformer 0.97; on one core they took 0.96 to 1.03."""


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


def compile_forward(model: Any) -> Forward:
    """Of inputs, each layer's output in inference mode, in the order of the calls, by the layer's path."""
    names: list[str] = []

    def outputs(values: Any, inputs: Any) -> list[jax.Array]:
        with StatelessScope(state_mapping=list(zip(model.variables, values, strict=True))):
            recorded = call_recorded(model, inputs)
        names[:] = recorded
        return list(recorded.values())

    compiled = jax.jit(outputs)

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        arrays = compiled([variable.value for variable in model.variables], map_arrays(jnp.asarray, inputs))
        return {name: to_numpy(array) for name, array in zip(names, arrays, strict=True)}

    return forward


def compile_first_step(model: Any) -> FirstStep:
    """Train one step on a batch: its loss, and the gradient for each trainable variable, by path."""

    def step(state: Any, x: Any, y: Any, weights: Any) -> Any:
        (*others, _), (loss, _, gradients) = _update(model, state, x, y, weights)
        return (*others, state[-1]), loss, gradients

    compiled = jax.jit(step)

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        state, loss, gradients = compiled(_state(model), *_on_device(batch))
        for variables, values in zip(_groups(model), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        named: dict[str, np.ndarray] = {}
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            named[unused(named, variable.path)] = to_numpy(gradient)
        return float(loss), named

    return first_step


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A function's results, and the gradients of its scalar: for each array, then for each variable."""
    tensors = [jnp.asarray(array) for array in arrays]
    floating = [i for i, tensor in enumerate(tensors) if jnp.issubdtype(tensor.dtype, jnp.floating)]

    def scalar(leaves: list[jax.Array], values: list[jax.Array]) -> tuple[jax.Array, list[jax.Array]]:
        given = dict(zip(floating, leaves, strict=True))
        with StatelessScope(state_mapping=list(zip(variables, values, strict=True)), collect_losses=True):
            total, results = function([given.get(i, tensor) for i, tensor in enumerate(tensors)])
        return total, results

    inputs = [tensors[i] for i in floating], [variable.value for variable in variables]
    (_, results), (of_arrays, of_variables) = jax.jit(jax.value_and_grad(scalar, (0, 1), has_aux=True))(*inputs)
    gradients = [np.zeros(array.shape) for array in arrays]
    for i, gradient in zip(floating, of_arrays, strict=True):
        gradients[i] = to_numpy(gradient)
    return [to_numpy(result) for result in results], [*gradients, *map(to_numpy, of_variables)]


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    model.optimizer.apply([jnp.asarray(gradient) for gradient in gradients], model.trainable_variables)


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    del epochs  # nothing here depends on how long training will be
    data = _on_device(training)
    step = partial(_step, model)
    one_step = replace_slow(step) if device() == "cpu" else step
    some_rows = jnp.zeros(min(batch_size, training.rows), jnp.int32)
    program = str(jax.make_jaxpr(one_step)(_state(model), data, some_rows))
    stepwise = device() == "cpu" and any(name in program for name in SLOW_IN_LOOPS)
    make = _compile_steps if stepwise else _compile_scan
    programs: dict[int, Program] = {}
    groups, written = _groups(model), list[Any]()
    variables = [variable for group in groups for variable in group]

    def program_for(rows: int) -> Program:
        if rows not in programs:
            programs[rows] = make(model, one_step, data, rows, batch_size)
        return programs[rows]

    def epoch(order: np.ndarray) -> tuple[jax.Array, dict[str, jax.Array]]:
        program = program_for(len(order))
        ours = len(written) == len(variables) and all(v._value is w for v, w in zip(variables, written, strict=True))
        # The program writes over the buffers it is given: what others may hold, it gets as a copy.
        state = _values(groups) if ours else _state(model)
        state, losses, logs = program(state, np.asarray(order, np.int32))
        written[:] = [value for group in state for value in group]
        for variable, value in zip(variables, written, strict=True):
            variable._value = value  # of its own shape and dtype; `assign` would take 20 us to see that
        return losses, logs

    program_for(training.rows)
    return Epoch(epoch, how={"step": "stepwise" if stepwise else "scan"})


Program = Callable[[Any, jax.Array], tuple[Any, jax.Array, dict[str, jax.Array]]]
"""Trains an epoch: from the state and an order of rows, the new state, each step's loss, and the metrics' results."""


def _compile_scan(model: Any, one_step: Any, data: Any, rows: int, batch_size: int) -> Program:
    """The whole epoch as one program: metrics reset, a scan over the full batches, the partial one, the results."""
    full = rows - rows % batch_size

    def program(state: Any, data: Any, order: jax.Array) -> Any:
        state, losses = _reset_metrics(model, state), []
        if full:
            batches = order[:full].reshape(-1, batch_size)
            state, scanned = jax.lax.scan(lambda s, batch: one_step(s, data, batch), state, batches)
            losses.append(scanned)
        if full < rows:
            state, loss = one_step(state, data, order[full:])
            losses.append(loss[None])
        return state, jnp.concatenate(losses), _metrics_results(model, state)

    given = _state(model), data, jnp.zeros(rows, jnp.int32)
    compiled = _compile(jax.jit(program, donate_argnums=0).lower(*given))
    return lambda state, order: compiled(state, data, order)


def _compile_steps(model: Any, one_step: Any, data: Any, rows: int, batch_size: int) -> Program:
    """One program a step, for what is slow inside a loop."""
    step = jax.jit(one_step, donate_argnums=0)
    compiled = {
        size: _compile(step.lower(_state(model), data, jnp.zeros(size, jnp.int32)))
        for size in {min(batch_size, rows), rows % batch_size} - {0}
    }
    reset = jax.jit(partial(_reset_metrics, model), donate_argnums=0).lower(_state(model)).compile()
    results = jax.jit(partial(_metrics_results, model)).lower(_state(model)).compile()

    def program(state: Any, order: jax.Array) -> Any:
        state, losses = reset(state), []
        for start in range(0, rows, batch_size):
            batch = order[start : start + batch_size]
            state, loss = compiled[len(batch)](state, data, batch)
            losses.append(loss)
        return state, jnp.stack(losses), results(state)

    return program


def _compile(lowered: Any) -> Any:
    if device() == "cpu":
        options = FEWER_COPIES | (PRODUCTS_BY_EIGEN if _threads() > 1 else {})
        with contextlib.suppress(jax.errors.JaxRuntimeError):  # a release that has no such option
            return lowered.compile(options)
    return lowered.compile()


def _threads() -> int:
    """The threads that XLA has on CPU."""
    return int(os.environ.get("NPROC", "0")) or os.cpu_count() or 1


def _reset_metrics(model: Any, state: Any) -> Any:
    *others, metrics = state
    with StatelessScope(state_mapping=list(zip(model.metrics_variables, metrics, strict=True))) as scope:
        model.reset_metrics()
    return *others, [scope.get_current_value(variable) for variable in model.metrics_variables]


def _metrics_results(model: Any, state: Any) -> dict[str, jax.Array]:
    values = [value for group in state for value in group]
    with StatelessScope(state_mapping=list(zip(all_variables(model), values, strict=True))):
        results: dict[str, jax.Array] = jax.tree.map(jnp.asarray, model.get_metrics_result())
    return results


def _groups(model: Any) -> tuple[list[Any], ...]:
    """All variables, in the groups in which `_step` takes their values."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def _values(groups: tuple[list[Any], ...]) -> Any:
    return tuple([variable._value for variable in group] for group in groups)


def _state(model: Any) -> Any:
    """The values of all variables, as copies that a compiled function may write over."""
    return jax.tree.map(lambda value: jnp.array(value, copy=True), _values(_groups(model)))


def _on_device(split: Split) -> tuple[Any, Any, Any]:
    x, y, weights = (map_arrays(jnp.asarray, part) for part in parts(split))
    return x, y, weights


def _differentiate(model: Any, state: Any, x: Any, y: Any, weights: Any) -> Any:
    trainable, non_trainable, slots, metrics = state
    loss = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
    return loss(trainable, non_trainable, metrics, x, y, weights, training=True, optimizer_variables=slots)


def _update(model: Any, state: Any, x: Any, y: Any, weights: Any) -> tuple[Any, Any]:
    """What a batch makes of the variables (of metrics, those of the loss), and its loss, predictions and gradients."""
    trainable, _, slots, _ = state
    (_, (loss, y_pred, non_trainable, metrics)), gradients = _differentiate(model, state, x, y, weights)
    trainable, slots = model.optimizer.stateless_apply(slots, gradients, trainable)
    return (trainable, non_trainable, slots, metrics), (loss, y_pred, gradients)


def _step(model: Any, state: Any, data: Any, rows: jax.Array) -> tuple[Any, jax.Array]:
    """One step of `keras.Model.fit` on JAX (keras/src/backend/jax/trainer.py, train_step), stateless."""
    x, y, weights = jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)
    (*others, metrics), (loss, y_pred, _) = _update(model, state, x, y, weights)
    _, metrics = model._update_metrics_variables(metrics, loss, x, y, y_pred, weights)
    return (*others, metrics), loss
