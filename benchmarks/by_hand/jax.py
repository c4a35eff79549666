"""By hand in JAX: pure functions; an epoch is one `jax.jit` of a `lax.scan` over the order of the rows."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.by_hand import BETA_1, BETA_2, EPSILON, MOMENTUM, Epoch, Loop, Recipe, pack_attention
from benchmarks.by_hand.jax_networks import NETWORKS, batchnorm
from multibackend import Split

SLOW_IN_LOOPS = ("cnn",)
"""XLA on CPU runs convolutions several times slower inside a loop than outside (jax issue 12868, seen in 0.10.2)."""


def compile_epoch(recipe: Recipe, weights: list[np.ndarray], training: Split, batch_size: int) -> Epoch:
    """Compile an epoch of a recipe from these weights; see the package."""
    x, y = jnp.asarray(training.inputs), _targets(recipe, training)
    state = _initial_state(recipe, weights)
    stepwise = recipe.network in SLOW_IN_LOOPS and jax.default_backend() == "cpu"
    train = _compile_steps(recipe, batch_size) if stepwise else _compile_scan(recipe, batch_size)

    def epoch(order: np.ndarray) -> tuple[np.ndarray, float]:
        nonlocal state
        state, losses, right = train(state, x, y, order)
        return np.asarray(losses), float(right) / len(order)

    return epoch


def usual_settings() -> AbstractContextManager[None]:
    """Change nothing: on CPU XLA has no other settings, and on CUDA determinism is a flag of the process."""
    return nullcontext()


def compile_product(a: np.ndarray, b: np.ndarray) -> Loop:
    """Compile one program that computes a product in a loop; see the package."""

    def multiply(_: int, carried: tuple) -> tuple:
        # Behind the barrier XLA can't tell that the operands stay the same, and so computes each time anew.
        (a, b), _ = lax.optimization_barrier(carried)
        return (a, b), a @ b

    @jax.jit
    def loop(times: int, a: jax.Array, b: jax.Array) -> jax.Array:
        return lax.fori_loop(0, times, multiply, ((a, b), a @ b))[1]

    operands = jax.device_put((a, b))
    return lambda times: loop(times, *operands).block_until_ready()


def _compile_scan(recipe: Recipe, batch_size: int) -> Any:
    """Compile the whole epoch as one program: a scan over the full batches, and a last step for the rows left."""

    @partial(jax.jit, donate_argnums=0)
    def train(state: Any, x: jax.Array, y: jax.Array, order: jax.Array) -> Any:
        full = len(order) - len(order) % batch_size
        batches = order[:full].reshape(-1, batch_size)
        state, (losses, hits) = lax.scan(lambda s, rows: _step(recipe, s, x, y, rows), state, batches)
        right = hits.sum()
        if full < len(order):
            state, (loss, hit) = _step(recipe, state, x, y, order[full:])
            losses, right = jnp.append(losses, loss), right + hit
        return state, losses, right

    return train


def _compile_steps(recipe: Recipe, batch_size: int) -> Any:
    """Compile one program for a step, called from Python."""
    step = jax.jit(partial(_step, recipe), donate_argnums=0)

    def train(state: Any, x: jax.Array, y: jax.Array, order: np.ndarray) -> Any:
        seen = []
        for start in range(0, len(order), batch_size):
            state, loss_and_hits = step(state, x, y, order[start : start + batch_size])
            seen.append(loss_and_hits)
        losses, hits = zip(*jax.device_get(seen), strict=True)
        return state, np.stack(losses), sum(hits)

    return train


def _targets(recipe: Recipe, training: Split) -> jax.Array:
    targets = np.asarray(training.targets)
    return jnp.asarray(targets if recipe.loss == "categorical" else targets.reshape(-1))


def _initial_state(recipe: Recipe, weights: list[np.ndarray]) -> Any:
    averages: list[np.ndarray] = []
    match recipe.network:
        case "batchnorm":
            weights, averages = weights[:2] + weights[4:], weights[2:4]
        case "transformer":
            weights = pack_attention(weights)
    params = [jnp.asarray(array) for array in weights]
    return params, [jnp.asarray(array) for array in averages], _slots(recipe, params)


def _step(recipe: Recipe, state: Any, x: jax.Array, y: jax.Array, rows: jax.Array) -> tuple[Any, Any]:
    params, averages, slots = state
    x, y = x[rows], y[rows]
    (loss, (hits, seen)), gradients = jax.value_and_grad(partial(_loss, recipe), has_aux=True)(params, x, y)
    params, slots = _update(recipe, params, slots, gradients)
    averages = jax.tree.map(lambda a, b: MOMENTUM * a + (1 - MOMENTUM) * b, averages, seen)
    return (params, averages, slots), (loss, hits)


def _loss(recipe: Recipe, params: Any, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Any]:
    """Compute the loss; return also how many rows are judged rightly, and the batch's moments for running averages."""
    if recipe.network == "batchnorm":
        logits, seen = batchnorm(params, x)
    else:
        logits, seen = NETWORKS[recipe.network](recipe, params, x), []
    match recipe.loss:
        case "sparse":
            losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=-1)
            right = logits.argmax(-1) == y
        case "categorical":
            losses = -(y * jax.nn.log_softmax(logits)).sum(-1)
            right = logits.argmax(-1) == y.argmax(-1)
        case "binary":
            losses = jax.nn.softplus(logits[:, 0]) - logits[:, 0] * y
            right = (logits[:, 0] > 0) == y
    return losses.mean(), (right.sum(), seen)


# ------------------------------------------------------------------------------------- optimizers


def _slots(recipe: Recipe, params: Any) -> Any:
    if recipe.optimizer == "sgd":
        return ()
    return jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)


def _update(recipe: Recipe, params: Any, slots: Any, gradients: Any) -> tuple[Any, Any]:
    if recipe.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - recipe.learning_rate * g, params, gradients), ()
    count, m, v = slots
    count += 1
    rate = recipe.learning_rate * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    m = jax.tree.map(lambda m, g: m + (1 - BETA_1) * (g - m), m, gradients)
    v = jax.tree.map(lambda v, g: v + (1 - BETA_2) * (g * g - v), v, gradients)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), params, m, v)
    return params, (count, m, v)
