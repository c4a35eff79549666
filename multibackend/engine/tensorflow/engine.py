"""The TensorFlow engine: an epoch is one graph with a loop over the order of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import tree
from keras.config import floatx

from multibackend.engine.contract import Differentiable, Epoch, FirstStep, Forward
from multibackend.engine.intercept import call_recorded
from multibackend.engine.model import parts, set_precision
from multibackend.engine.payback import CannotCompile, Compiler, Program, choose, unchanged
from multibackend.engine.state import to_numpy, unused
from multibackend.engine.tensorflow.gradients import cheaper_gradients
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split

SLOW_UNDER_XLA = ("Conv", "Pool")
"""Operations (by a part of their name) with which XLA on CPU is many times slower than TensorFlow's own kernels."""

XLA = Compiler("xla", compile_seconds=0.7, saving=0.6)
"""Measured on CPU: it compiles 0.7 s at least (E4), and saves up to 0.2 ms of a step of 0.36 ms (E4)."""


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


def compile_forward(model: Any) -> Forward:
    """Of inputs, each layer's output in inference mode, in the order of the calls, by the layer's path."""

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        return {name: to_numpy(value) for name, value in call_recorded(model, map_arrays(tf.constant, inputs)).items()}

    return forward


def compile_first_step(model: Any) -> FirstStep:
    """Train one step on a batch: its loss, and the gradient for each trainable variable, by path."""

    def step(x: Any, y: Any, weights: Any) -> Any:
        loss, _, gradients = _differentiate(model, x, y, weights)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        return loss, [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]

    compiled = tf.function(step, autograph=False)

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        loss, gradients = compiled(*_on_device(batch))
        named: dict[str, np.ndarray] = {}
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            named[unused(named, variable.path)] = to_numpy(variable * 0 if gradient is None else gradient)
        return float(loss), named

    return first_step


def differentiate(
    function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A function's results, and the gradients of its scalar: for each array, then for each variable."""
    tensors = [tf.constant(array) for array in arrays]
    leaves = [*tensors, *(variable.value for variable in variables)]
    floating = [leaf for leaf in leaves if leaf.dtype.is_floating]
    with tf.GradientTape() as tape:
        for leaf in floating:
            tape.watch(leaf)
        total, results = function(tensors)
    found = iter(tape.gradient(total, floating, unconnected_gradients=tf.UnconnectedGradients.ZERO))
    gradients = [next(found) if leaf.dtype.is_floating else tf.zeros(leaf.shape) for leaf in leaves]
    return [to_numpy(result) for result in results], [to_numpy(tf.convert_to_tensor(g)) for g in gradients]


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    model.optimizer.apply([tf.constant(gradient) for gradient in gradients], model.trainable_variables)


def compile_epoch(model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
    """Compile the training of `model` on rows that lie on the device from now on; no variable changes."""
    data = _on_device(training)

    def program(compiler: str) -> Program[Function]:
        function = _compile(model, data, training.rows, batch_size, compiler)
        order, no = tf.range(training.rows), tf.constant(False)

        def train(steps: int) -> None:
            done = 0
            while done < steps:
                count = min(steps - done, max(training.rows // batch_size, 1))
                function(order, tf.constant(count), no)[0].numpy()
                done += count

        return Program(function, train)

    plain = program("none")
    how: dict[str, Any] = {"step": "graph", "compiler": "none"}
    with unchanged(model):
        if not _slow_under_xla(plain.run):
            key = {"backend": "tensorflow", "tensorflow": tf.__version__, "device": device(), "batch_size": batch_size}
            key |= {"threads": tf.config.threading.get_intra_op_parallelism_threads(), "program": _describe(plain.run)}
            steps = epochs * -(-training.rows // batch_size)
            plain, chosen = choose(key, steps, plain, lambda: program("xla"), XLA)
            how |= chosen
    epochs_of = {training.rows: _whole_epoch(plain.run, training.rows, batch_size)}

    def epoch(order: np.ndarray) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        rows = len(order)
        if rows not in epochs_of:
            function = _compile(model, data, rows, batch_size, how["compiler"])
            epochs_of[rows] = _whole_epoch(function, rows, batch_size)
        losses, logs = epochs_of[rows](tf.constant(order))
        return losses, logs

    return Epoch(epoch, how)


Function = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, dict[str, tf.Tensor]]]
"""Trains the first so many full batches of an order of rows, and its last, partial one if asked to; returns each step's
loss (0 for what wasn't trained) and the metrics' results."""


def _whole_epoch(function: Function, rows: int, batch_size: int) -> Callable[[tf.Tensor], Any]:
    count, last = tf.constant(rows // batch_size), tf.constant(True)
    return lambda order: function(order, count, last)


def _compile(model: Any, data: Any, rows: int, batch_size: int, compiler: str) -> Any:
    """One graph for a whole epoch: metrics reset, the loop, the partial batch, the metrics' results."""
    full, rest = divmod(rows, batch_size)

    def train(order: tf.Tensor, count: tf.Tensor, last: tf.Tensor) -> Any:
        model.reset_metrics()
        losses = tf.TensorArray(floatx(), size=full + bool(rest))
        if full:
            batches = tf.reshape(order[: full * batch_size], (full, batch_size))

            def body(i: tf.Tensor, losses: tf.TensorArray) -> Any:
                return i + 1, losses.write(i, _step(model, data, _of_unknown_size(batches[i])))

            _, losses = tf.while_loop(lambda i, _: i < count, body, (0, losses), parallel_iterations=1)
        if rest:
            tail = _of_unknown_size(order[full * batch_size :])
            loss = tf.cond(last, lambda: _step(model, data, tail), lambda: tf.zeros((), floatx()))
            losses = losses.write(full, loss)
        return losses.stack(), model.get_metrics_result()

    signature = [tf.TensorSpec((rows,), tf.int32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.bool)]
    # The concrete function, called directly: found by its arguments, an epoch of E4 takes a fifth more.
    function = tf.function(train, signature, autograph=False, jit_compile=compiler == "xla").get_concrete_function()
    if compiler == "xla":
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


def _describe(function: Any) -> str:
    """The operations of a function's graph, loops included, with their results' shapes."""
    definition = function.graph.as_graph_def(add_shapes=True)
    nodes = [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]
    return " ".join(f"{node.op}{node.attr['_output_shapes'].list.ByteSize()}" for node in nodes)


def _slow_under_xla(function: Any) -> bool:
    if device() != "cpu":
        return False
    definition = function.graph.as_graph_def()
    nodes = [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]
    return any(part in node.op for node in nodes for part in SLOW_UNDER_XLA)


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
    with cheaper_gradients():
        loss, y_pred, gradients = _differentiate(model, x, y, weights)
    model._loss_tracker.update_state(loss, sample_weight=tf.shape(rows)[0])
    model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
    model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return loss
