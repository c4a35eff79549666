"""The TensorFlow engine: an epoch is one graph with a loop over the order of the rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras import tree

from multibackend.engine.contract import Epoch, call_recorded, parts, set_precision, to_numpy, unused
from multibackend.experiment import Split, map_arrays

SLOW_UNDER_XLA = ("Conv", "Pool")
"""Operations (by a part of their name) with which XLA on CPU is many times slower than TensorFlow's own kernels."""

XLA_STEPS = 12_000
"""Steps from which XLA pays: it compiles 0.7 to 2 s longer and saves 0.05 to 0.2 ms a step. Measured on one core, in
float32: E4 pays back after 10,100 steps, B9 after 13,400, B13 after 13,800."""


def configure(precision: str, threads: int) -> dict[str, Any]:
    """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""
    set_precision(precision)
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:  # fixed once TensorFlow has run
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return {"threads": threads, "op_determinism": True, "tensor_float_32": False}


def device() -> str:
    """The device that trains."""
    cards = tf.config.list_physical_devices("GPU")
    if not cards:
        return "cpu"
    return f"cuda ({tf.config.experimental.get_device_details(cards[0]).get('device_name', 'unnamed')})"


def forward(model: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Each layer's output in inference mode, in the order of the calls, by the layer's path."""
    return {name: to_numpy(value) for name, value in call_recorded(model, map_arrays(tf.constant, inputs)).items()}


def loss_and_gradients(model: Any, batch: Split) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch in training mode, and its gradient for each trainable variable, by path."""
    loss, _, gradients = tf.function(partial(_differentiate, model), autograph=False)(*_on_device(batch))
    named: dict[str, np.ndarray] = {}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        named[unused(named, variable.path)] = to_numpy(variable * 0 if gradient is None else gradient)
    return float(loss), named


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    data = _on_device(training)

    def steps(batches: tf.Tensor) -> tf.Tensor:
        count = tf.shape(batches)[0]
        losses = tf.TensorArray(_floatx(), size=count)

        def body(i: tf.Tensor, losses: tf.TensorArray) -> Any:
            rows = batches[i]
            return i + 1, losses.write(i, _step(model, data, rows))

        _, losses = tf.while_loop(lambda i, _: i < count, body, (0, losses), parallel_iterations=1)
        return losses.stack()

    total = epochs * -(-training.rows // batch_size)
    xla = total >= XLA_STEPS and not _slow_under_xla(model, data)
    # As in fit, the number of rows in a batch isn't known to the graph: one graph for all batches.
    function = tf.function(steps, [tf.TensorSpec((None, None), tf.int32)], autograph=False, jit_compile=xla)

    def epoch(order: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        model.reset_metrics()
        full = len(order) - len(order) % batch_size
        losses = []
        if full:
            losses.append(function(tf.constant(order[:full].reshape(-1, batch_size))))
        if full < len(order):
            losses.append(function(tf.constant(order[None, full:])))
        return np.concatenate([to_numpy(part) for part in losses]), model.get_metrics_result()

    return Epoch(epoch, how={})


def _floatx() -> str:
    import keras

    floatx: str = keras.config.floatx()
    return floatx


def _slow_under_xla(model: Any, data: Any) -> bool:
    if device() != "cpu":
        return False
    step = tf.function(lambda rows: _step(model, data, rows), autograph=False)
    graph = step.get_concrete_function(tf.TensorSpec((None,), tf.int32)).graph
    return any(part in operation.type for operation in graph.get_operations() for part in SLOW_UNDER_XLA)


def _on_device(split: Split) -> tuple[Any, Any, Any]:
    x, y, weights = (map_arrays(tf.constant, part) for part in parts(split))
    return x, y, weights


def _differentiate(model: Any, x: Any, y: Any, weights: Any) -> Any:
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True) if model._call_has_training_arg else model(x)
        loss = model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True)
    return loss, y_pred, tape.gradient(loss, model.trainable_weights)


def _step(model: Any, data: Any, rows: tf.Tensor) -> tf.Tensor:
    """One step of `keras.Model.fit` on TensorFlow (keras/src/backend/tensorflow/trainer.py, train_step)."""
    x, y, weights = tree.map_structure(lambda array: None if array is None else tf.gather(array, rows), data)
    loss, y_pred, gradients = _differentiate(model, x, y, weights)
    model._loss_tracker.update_state(loss, sample_weight=tf.shape(rows)[0])
    model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
    model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return loss
