"""One epoch on TensorFlow: a graph with a loop over the order of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras.config import floatx

from multibackend.engine.contract import Epoch
from multibackend.engine.model import parts
from multibackend.engine.payback import CannotCompile, Program, unchanged
from multibackend.engine.tensorflow.setup import place
from multibackend.engine.tensorflow.speed.compiler import choose_program
from multibackend.engine.tensorflow.step import make_step
from multibackend.experiments.experiment import Split

Function = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, dict[str, tf.Tensor]]]
"""A graph that trains the first so many full batches of an order of rows, and its last, partial one if asked to. It
returns each step's loss (0 for what wasn't trained) and the metrics' results."""


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    data = tuple(map(place, parts(training)))

    def compile_program(under_xla: bool) -> Program[Function]:
        function = _compile_graph(model, data, training.rows, batch_size, under_xla)
        order, no = tf.range(training.rows), tf.constant(False)

        def train(steps: int) -> None:
            done = 0
            while done < steps:
                count = min(steps - done, max(training.rows // batch_size, 1))
                function(order, tf.constant(count), no)[0].numpy()
                done += count

        return Program(function, train)

    with unchanged(model):
        steps = epochs * -(-training.rows // batch_size)
        choice = choose_program(compile_program(False), lambda: compile_program(True), steps, batch_size)
    epochs_of = {training.rows: _whole_epoch(choice.run, training.rows, batch_size)}

    def epoch(order: np.ndarray) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        rows = len(order)
        if rows not in epochs_of:
            function = _compile_graph(model, data, rows, batch_size, choice.is_compiled)
            epochs_of[rows] = _whole_epoch(function, rows, batch_size)
        losses, logs = epochs_of[rows](tf.constant(order))
        return losses, logs

    return Epoch(epoch, {"step": "graph", **choice.how})


def _whole_epoch(function: Function, rows: int, batch_size: int) -> Callable[[tf.Tensor], Any]:
    count, last = tf.constant(rows // batch_size), tf.constant(True)
    return lambda order: function(order, count, last)


def _compile_graph(model: Any, data: Any, rows: int, batch_size: int, under_xla: bool) -> Function:
    """Compile one graph for a whole epoch: metrics reset, the loop, the partial batch, the metrics' results."""
    full, rest = divmod(rows, batch_size)
    step = make_step(model)

    def train(order: tf.Tensor, count: tf.Tensor, last: tf.Tensor) -> Any:
        model.reset_metrics()
        losses = tf.TensorArray(floatx(), size=full + bool(rest))
        if full:
            batches = tf.reshape(order[: full * batch_size], (full, batch_size))

            def body(i: tf.Tensor, losses: tf.TensorArray) -> Any:
                return i + 1, losses.write(i, step(data, _of_unknown_size(batches[i])))

            _, losses = tf.while_loop(lambda i, _: i < count, body, (0, losses), parallel_iterations=1)
        if rest:
            tail = _of_unknown_size(order[full * batch_size :])
            loss = tf.cond(last, lambda: step(data, tail), lambda: tf.zeros((), floatx()))
            losses = losses.write(full, loss)
        return losses.stack(), model.get_metrics_result()

    signature = [tf.TensorSpec((rows,), tf.int32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.bool)]
    # The concrete function, called directly: found by its arguments, an epoch of E4 takes a fifth more.
    function: Function = tf.function(train, signature, autograph=False, jit_compile=under_xla).get_concrete_function()
    if under_xla:
        try:
            with unchanged(model):
                # XLA compiles when it is called; this call trains nothing.
                function(tf.range(rows), tf.constant(0), tf.constant(False))
        except tf.errors.OpError as error:
            raise CannotCompile(f"{type(error).__name__}: {error.message.splitlines()[0]}") from error
    return function


def _of_unknown_size(rows: tf.Tensor) -> tf.Tensor:
    # As in fit, where Keras' metrics of single outputs weigh a batch by its size only if the graph knows it.
    return tf.raw_ops.PlaceholderWithDefault(input=rows, shape=(None,))
