"""By hand in TensorFlow: `tf.Variable`s and operations; an epoch is one `tf.function` with the loop inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.by_hand import BETA_1, BETA_2, EPSILON, Epoch, Loop, Recipe, pack_attention
from benchmarks.by_hand.tensorflow_networks import NETWORKS
from multibackend import Split

SLOW_UNDER_XLA = ("cnn",)
"""On CPU, XLA's convolutions and poolings are many times slower than TensorFlow's own; the rest it makes faster."""


def compile_epoch(recipe: Recipe, weights: list[np.ndarray], training: Split, batch_size: int) -> Epoch:
    """Compile an epoch of a recipe from these weights; see the package."""
    x, y = tf.constant(training.inputs), _targets(recipe, training)
    variables, trained = _variables(recipe, weights)
    update = _optimizer(recipe, trained)
    xla = recipe.network not in SLOW_UNDER_XLA or bool(tf.config.list_physical_devices("GPU"))

    def step(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        target = tf.gather(y, rows)
        with tf.GradientTape() as tape:
            logits = NETWORKS[recipe.network](recipe, variables, tf.gather(x, rows))
            loss = _loss(recipe, logits, target)
        update(tape.gradient(loss, trained))
        return loss, _hits(recipe, logits, target)

    @tf.function(autograph=False, jit_compile=xla)
    def train(batches: tf.Tensor, rest: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count = batches.shape[0]

        def body(i: tf.Tensor, losses: tf.TensorArray, right: tf.Tensor) -> Any:
            loss, hits = step(batches[i])
            return i + 1, losses.write(i, loss), right + hits

        start = (0, tf.TensorArray(tf.float32, size=count), 0)
        _, losses, right = tf.while_loop(lambda i, *_: i < count, body, start, parallel_iterations=1)
        losses = losses.stack()
        if rest.shape[0]:
            loss, hits = step(rest)
            losses, right = tf.concat([losses, loss[None]], 0), right + hits
        return losses, right

    def epoch(order: np.ndarray) -> tuple[np.ndarray, float]:
        full = len(order) - len(order) % batch_size
        losses, right = train(tf.constant(order[:full].reshape(-1, batch_size)), tf.constant(order[full:]))
        return losses.numpy(), int(right) / len(order)

    return epoch


@contextmanager
def usual_settings() -> Iterator[None]:
    """Let operations, and the pipeline that `fit` reads its batches from, be non-deterministic."""
    from tensorflow.python.framework import config  # TensorFlow exports only what enables it

    config.disable_op_determinism()
    try:
        yield
    finally:
        config.enable_op_determinism()


def compile_product(a: np.ndarray, b: np.ndarray) -> Loop:
    """Compile one program that computes a product in a loop; see the package."""
    from tensorflow.compiler.tf2xla.python import xla  # TensorFlow exports no barrier

    def multiply(i: tf.Tensor, a: tf.Tensor, b: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, ...]:
        a, b = xla.optimization_barrier(a, b)  # or XLA, which sees that they stay the same, would compute but once
        return i + 1, a, b, a @ b

    @tf.function(autograph=False, jit_compile=True)  # as fast as TensorFlow's own products, or faster
    def loop(times: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(lambda i, *_: i < times, multiply, (0, a, b, a @ b), parallel_iterations=1)[-1]

    operands = tf.constant(a), tf.constant(b)
    return lambda times: loop(tf.constant(times), *operands).numpy()


def _variables(recipe: Recipe, weights: list[np.ndarray]) -> tuple[list[tf.Variable], list[tf.Variable]]:
    """Make all variables, in the order in which the network takes them; return also those that the gradient changes."""
    arrays = pack_attention(weights) if recipe.network == "transformer" else weights
    averages = (2, 3) if recipe.network == "batchnorm" else ()
    variables = [tf.Variable(array, trainable=i not in averages) for i, array in enumerate(arrays)]
    return variables, [variable for variable in variables if variable.trainable]


def _targets(recipe: Recipe, training: Split) -> tf.Tensor:
    targets = np.asarray(training.targets)
    match recipe.loss:
        case "sparse":
            return tf.constant(targets.reshape(-1))
        case "binary":
            return tf.constant(targets.reshape(-1).astype("float32"))
        case "categorical":
            return tf.constant(targets)


def _loss(recipe: Recipe, logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    match recipe.loss:
        case "sparse":
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        case "categorical":
            losses = tf.nn.softmax_cross_entropy_with_logits(y, logits)
        case "binary":
            losses = tf.nn.sigmoid_cross_entropy_with_logits(y, logits[:, 0])
    return tf.reduce_mean(losses)


def _hits(recipe: Recipe, logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    match recipe.loss:
        case "sparse":
            right = tf.argmax(logits, -1, y.dtype) == y
        case "categorical":
            right = tf.argmax(logits, -1) == tf.argmax(y, -1)
        case "binary":
            right = (logits[:, 0] > 0) == (y > 0.5)
    return tf.reduce_sum(tf.cast(right, tf.int32))


def _optimizer(recipe: Recipe, variables: list[tf.Variable]) -> Any:
    rate = recipe.learning_rate
    if recipe.optimizer == "sgd":

        def descend(gradients: list[tf.Tensor]) -> None:
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(rate * gradient)

        return descend

    slots = [(tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables]
    power_1, power_2 = tf.Variable(1.0), tf.Variable(1.0)

    def adapt(gradients: list[Any]) -> None:
        beta_1, beta_2 = power_1.assign(power_1 * BETA_1), power_2.assign(power_2 * BETA_2)
        for variable, (m, v), gradient in zip(variables, slots, gradients, strict=True):
            if isinstance(gradient, tf.IndexedSlices):
                _adapt_slices(variable, m, v, gradient, rate * tf.sqrt(1 - beta_2) / (1 - beta_1))
                continue
            tf.raw_ops.ResourceApplyAdam(  # TensorFlow's own kernel: one operation a variable
                **{"var": variable.handle, "m": m.handle, "v": v.handle, "grad": gradient, "lr": rate},
                **{"beta1_power": beta_1, "beta2_power": beta_2},
                **{"beta1": BETA_1, "beta2": BETA_2, "epsilon": EPSILON},
            )

    return adapt


def _adapt_slices(variable: tf.Variable, m: tf.Variable, v: tf.Variable, slices: Any, rate: tf.Tensor) -> None:
    """Apply Adam to an embedding's gradient as Keras 3.15.1 does on TensorFlow alone.

    For a token that occurs twice in a batch it adds the squares, where Adam takes the square of the sum.
    """
    gradient = tf.convert_to_tensor(slices)
    squares = tf.convert_to_tensor(tf.IndexedSlices(slices.values**2, slices.indices, slices.dense_shape))
    m.assign_add((1 - BETA_1) * (gradient - m))
    v.assign_add((1 - BETA_2) * (squares - v))
    variable.assign_sub(rate * m / (tf.sqrt(v) + EPSILON))
