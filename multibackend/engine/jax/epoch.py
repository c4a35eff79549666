"""One epoch on JAX: a compiled scan over the order of the rows, or one program a step where a loop is slow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import StatelessScope

from multibackend.engine.contract import Epoch
from multibackend.engine.jax.setup import device, place
from multibackend.engine.jax.speed.compiler import compile_lowered
from multibackend.engine.jax.speed.operations import is_slow_in_loops, replace_slow
from multibackend.engine.jax.step import State, Step, make_step
from multibackend.engine.model import parts
from multibackend.engine.state import all_variables
from multibackend.experiments.experiment import Split

Program = Callable[[State, jax.Array], tuple[State, jax.Array, dict[str, jax.Array]]]
"""A function of values and an order of rows that trains an epoch: the new values, each step's loss, the metrics."""


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    del epochs  # nothing here depends on how long training will be
    data = tuple(map(place, parts(training)))
    variables, step, stepwise = State.of(model), make_step(model), False
    if device() == "cpu":
        step = replace_slow(step)
        some_rows = jnp.zeros(min(batch_size, training.rows), jnp.int32)
        stepwise = is_slow_in_loops(jax.make_jaxpr(step)(variables.copies(), data, some_rows).jaxpr)
    compile_program = _compile_steps if stepwise else _compile_scan
    programs: dict[int, Program] = {}
    flat, written, read = variables.flat(), list[Any](), attrgetter("_value")

    def program_for(rows: int) -> Program:
        if rows not in programs:
            programs[rows] = compile_program(model, step, data, rows, batch_size)
        return programs[rows]

    def epoch(order: np.ndarray) -> tuple[jax.Array, dict[str, jax.Array]]:
        program = program_for(len(order))
        ours = len(written) == len(flat) and all(v._value is w for v, w in zip(flat, written, strict=True))
        # The program writes over the buffers it is given: what others may hold, it gets as a copy.
        state = variables.each(read) if ours else variables.copies()
        state, losses, logs = program(state, np.asarray(order, np.int32))
        written[:] = state.flat()
        for variable, value in zip(flat, written, strict=True):
            variable._value = value  # of its own shape and dtype; `assign` would take 20 us to see that
        return losses, logs

    program_for(training.rows)
    return Epoch(epoch, how={"step": "stepwise" if stepwise else "scan"})


def _compile_scan(model: Any, step: Step, data: Any, rows: int, batch_size: int) -> Program:
    """Compile an epoch as one program: metrics reset, a scan over the full batches, the partial one, the results."""
    full = rows - rows % batch_size

    def program(state: State, data: Any, order: jax.Array) -> Any:
        state, losses = _reset_metrics(model, state), []
        if full:
            batches = order[:full].reshape(-1, batch_size)
            state, scanned = jax.lax.scan(lambda s, batch: step(s, data, batch), state, batches)
            losses.append(scanned)
        if full < rows:
            state, loss = step(state, data, order[full:])
            losses.append(loss[None])
        return state, jnp.concatenate(losses), _metrics_results(model, state)

    given = State.of(model).copies(), data, jnp.zeros(rows, jnp.int32)
    compiled = compile_lowered(jax.jit(program, donate_argnums=0).lower(*given))
    return lambda state, order: compiled(state, data, order)


def _compile_steps(model: Any, step: Step, data: Any, rows: int, batch_size: int) -> Program:
    """Compile an epoch as one program a step, for what is slow inside a loop."""
    state, jitted = State.of(model).copies(), jax.jit(step, donate_argnums=0)
    compiled = {
        size: compile_lowered(jitted.lower(state, data, jnp.zeros(size, jnp.int32)))
        for size in {min(batch_size, rows), rows % batch_size} - {0}
    }
    reset = jax.jit(partial(_reset_metrics, model), donate_argnums=0).lower(state).compile()
    results = jax.jit(partial(_metrics_results, model)).lower(state).compile()

    def program(state: State, order: jax.Array) -> Any:
        state, losses = reset(state), []
        for start in range(0, rows, batch_size):
            batch = order[start : start + batch_size]
            state, loss = compiled[len(batch)](state, data, batch)
            losses.append(loss)
        return state, jnp.stack(losses), results(state)

    return program


def _reset_metrics(model: Any, state: State) -> State:
    with StatelessScope(state_mapping=list(zip(model.metrics_variables, state.metrics, strict=True))) as scope:
        model.reset_metrics()
    return state._replace(metrics=[scope.get_current_value(variable) for variable in model.metrics_variables])


def _metrics_results(model: Any, state: State) -> dict[str, jax.Array]:
    with StatelessScope(state_mapping=list(zip(all_variables(model), state.flat(), strict=True))):
        results: dict[str, jax.Array] = jax.tree.map(jnp.asarray, model.get_metrics_result())
    return results
