"""Networks by hand in TensorFlow: functions of variables and a batch, to logits."""

from __future__ import annotations

import tensorflow as tf

from benchmarks.by_hand import HEADS, MOMENTUM, VARIANCE_EPSILON, Recipe, pairs

ACTIVATIONS = {"relu": tf.nn.relu, "sigmoid": tf.sigmoid, "tanh": tf.tanh}


def _mlp(recipe: Recipe, variables: list[tf.Variable], x: tf.Tensor) -> tf.Tensor:
    *hidden, (kernel, bias) = pairs(variables)
    x = tf.reshape(x, (-1, hidden[0][0].shape[0]))
    for w, b in hidden:
        x = ACTIVATIONS[recipe.activation](x @ w + b)
    return x @ kernel + bias


def _cnn(_: Recipe, variables: list[tf.Variable], x: tf.Tensor) -> tf.Tensor:
    *convolutions, (kernel, bias) = pairs(variables)
    for w, b in convolutions:
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, 1, "SAME"), b))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return tf.reshape(x, (-1, kernel.shape[0])) @ kernel + bias


def _batchnorm(_: Recipe, variables: list[tf.Variable], x: tf.Tensor) -> tf.Tensor:
    gamma, beta, mean, variance, kernel, bias = variables
    seen_mean, seen_variance = tf.nn.moments(x, 0)
    mean.assign(MOMENTUM * mean + (1 - MOMENTUM) * seen_mean)
    variance.assign(MOMENTUM * variance + (1 - MOMENTUM) * seen_variance)
    return tf.nn.batch_normalization(x, seen_mean, seen_variance, beta, gamma, VARIANCE_EPSILON) @ kernel + bias


def _gru(_: Recipe, variables: list[tf.Variable], x: tf.Tensor) -> tf.Tensor:
    kernel, recurrent, biases, last_kernel, last_bias = variables
    projected = tf.transpose(tf.tensordot(x, kernel, 1) + biases[0], (1, 0, 2))  # (time, batch, 3 units)
    times = x.shape[1]

    # A loop: unrolled, XLA takes four times as long to compile it and it runs no faster.
    def cell(t: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x_z, x_r, x_h = tf.split(projected[t], 3, axis=-1)
        h_z, h_r, h_h = tf.split(h @ recurrent + biases[1], 3, axis=-1)
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        return t + 1, z * h + (1 - z) * tf.tanh(x_h + r * h_h)

    start = (0, tf.zeros((tf.shape(x)[0], recurrent.shape[0])))
    _, h = tf.while_loop(lambda t, _: t < times, cell, start, maximum_iterations=times)
    return h @ last_kernel + last_bias


def _transformer(_: Recipe, variables: list[tf.Variable], tokens: tf.Tensor) -> tf.Tensor:
    embedding, *rest = variables
    inward, outward, first, wide, narrow, second, last = pairs(rest)
    x = tf.gather(embedding, tokens)
    batch, time, features = tf.shape(x)[0], x.shape[1], x.shape[2]
    parts = tf.reshape(_dense(x, inward), (batch, time, 3, HEADS, features // HEADS))
    query, key, value = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)))  # (batch, heads, time, depth)
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * query.shape[-1] ** -0.5)
    attended = tf.reshape(tf.transpose(scores @ value, (0, 2, 1, 3)), (batch, time, features))
    x = _normalise(x + _dense(attended, outward), first)
    x = _normalise(x + _dense(tf.nn.relu(_dense(x, wide)), narrow), second)
    return _dense(tf.reduce_mean(x, 1), last)


def _dense(x: tf.Tensor, layer: tuple[tf.Variable, tf.Variable]) -> tf.Tensor:
    return tf.tensordot(x, layer[0], 1) + layer[1]


def _normalise(x: tf.Tensor, layer: tuple[tf.Variable, tf.Variable]) -> tf.Tensor:
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, layer[1], layer[0], VARIANCE_EPSILON)


NETWORKS = {"mlp": _mlp, "cnn": _cnn, "batchnorm": _batchnorm, "gru": _gru, "transformer": _transformer}
