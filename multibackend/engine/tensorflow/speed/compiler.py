"""XLA for a training's graph, where the training is long enough to pay for compiling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from multibackend.engine.payback import Choice, Compiler, Program, choose
from multibackend.engine.tensorflow.setup import device

SLOW_UNDER_XLA = ("Conv", "Pool")
"""Operations (by a part of their name) with which XLA on CPU is many times slower than TensorFlow's own kernels."""

XLA = Compiler("xla", compile_seconds=0.7, saving=0.6)
"""Measured on CPU: it compiles 0.7 s at least (E4), and saves up to 0.2 ms of a step of 0.36 ms (E4)."""


def choose_program(
    plain: Program[Any], compile_slow: Callable[[], Program[Any]], steps: int, batch_size: int
) -> Choice[Any]:
    """Choose the faster of a graph and the same under XLA, in a training of `steps` steps.

    Timing trains: the caller restores the state.
    """
    if _is_slow_under_xla(plain.run):
        return Choice(plain.run, False, {"compiler": "none"})
    key = {"backend": "tensorflow", "tensorflow": tf.__version__, "device": device(), "batch_size": batch_size}
    key |= {"threads": tf.config.threading.get_intra_op_parallelism_threads(), "program": _describe(plain.run)}
    return choose(key, steps, plain, compile_slow, XLA)


def _list_nodes(definition: Any) -> list[Any]:
    """Return the operations of a graph, those of the functions that it calls included."""
    return [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]


def _describe(function: Any) -> str:
    """Describe a function's graph, loops included: its operations, with their results' shapes."""
    nodes = _list_nodes(function.graph.as_graph_def(add_shapes=True))
    return " ".join(f"{node.op}{node.attr['_output_shapes'].list.ByteSize()}" for node in nodes)


def _is_slow_under_xla(function: Any) -> bool:
    if device() != "cpu":
        return False
    nodes = _list_nodes(function.graph.as_graph_def())
    return any(part in node.op for node in nodes for part in SLOW_UNDER_XLA)
