"""Networks by hand in JAX: pure functions of parameters and a batch, to logits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.by_hand import HEADS, VARIANCE_EPSILON, Recipe, pairs

ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}


def _mlp(recipe: Recipe, params: Any, x: jax.Array) -> jax.Array:
    *hidden, (kernel, bias) = pairs(params)
    x = x.reshape(len(x), -1)
    for w, b in hidden:
        x = ACTIVATIONS[recipe.activation](x @ w + b)
    return x @ kernel + bias


def _cnn(_: Recipe, params: Any, x: jax.Array) -> jax.Array:
    *convolutions, (kernel, bias) = pairs(params)
    for w, b in convolutions:
        x = lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + b)
        # Pooling by slices: `reduce_window`'s gradient makes the whole step 1.5 times slower on CPU.
        x = jnp.maximum(x[:, ::2], x[:, 1::2])
        x = jnp.maximum(x[:, :, ::2], x[:, :, 1::2])
    return x.reshape(len(x), -1) @ kernel + bias


def batchnorm(params: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    """Compute the logits; return also the batch's mean and variance for the running averages."""
    gamma, beta, kernel, bias = params
    mean = x.mean(0)
    variance = jnp.maximum((x * x).mean(0) - mean * mean, 0)  # both means in one pass, as Flax does by default
    x = (x - mean) * (gamma * lax.rsqrt(variance + VARIANCE_EPSILON)) + beta
    return x @ kernel + bias, [mean, variance]


def _gru(_: Recipe, params: Any, x: jax.Array) -> jax.Array:
    kernel, recurrent, (bias, recurrent_bias), last_kernel, last_bias = params

    def cell(h: jax.Array, projected: jax.Array) -> tuple[jax.Array, None]:
        x_z, x_r, x_h = jnp.split(projected, 3, axis=-1)
        h_z, h_r, h_h = jnp.split(h @ recurrent + recurrent_bias, 3, axis=-1)
        z, r = jax.nn.sigmoid(x_z + h_z), jax.nn.sigmoid(x_r + h_r)
        return z * h + (1 - z) * jnp.tanh(x_h + r * h_h), None

    projected = x.swapaxes(0, 1) @ kernel + bias  # (time, batch, 3 units), all steps in one product
    h, _ = lax.scan(cell, jnp.zeros((len(x), len(recurrent))), projected)
    return h @ last_kernel + last_bias


def _transformer(_: Recipe, params: Any, tokens: jax.Array) -> jax.Array:
    embedding, *rest = params
    inward, outward, first, wide, narrow, second, last = pairs(rest)
    x = embedding[tokens]  # (batch, time, features)
    parts = (x @ inward[0] + inward[1]).reshape(*x.shape[:2], 3, HEADS, -1)
    attended = jax.nn.dot_product_attention(parts[:, :, 0], parts[:, :, 1], parts[:, :, 2])
    x = _normalise(x + attended.reshape(*x.shape[:2], -1) @ outward[0] + outward[1], first)
    hidden = jax.nn.relu(x @ wide[0] + wide[1]) @ narrow[0] + narrow[1]
    return _normalise(x + hidden, second).mean(1) @ last[0] + last[1]


def _normalise(x: jax.Array, scale_and_offset: tuple[jax.Array, jax.Array]) -> jax.Array:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + VARIANCE_EPSILON) * scale_and_offset[0] + scale_and_offset[1]


NETWORKS = {"mlp": _mlp, "cnn": _cnn, "gru": _gru, "transformer": _transformer}
