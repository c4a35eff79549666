"""Other operations, the same numbers: and the slow gradients are gone from the graph."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from multibackend.engine.tensorflow.speed.operations import cheaper_gradients


def gradients_of(function: Callable[..., tf.Tensor], *arrays: np.ndarray, cheaper: bool) -> tuple[list[Any], list[str]]:
    """Value and gradients of a function, and the operations of its graph."""

    def traced(*tensors: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape, cheaper_gradients() if cheaper else nullcontext():
            tape.watch(tensors)
            value = function(*tensors)
            weighed = tf.reduce_sum(value * tf.sin(value))
        return [value, *tape.gradient(weighed, tensors)]

    concrete = tf.function(traced, autograph=False).get_concrete_function(*map(tf.constant, arrays))
    results = [result.numpy() for result in concrete(*map(tf.constant, arrays))]
    return results, [node.op for node in concrete.graph.as_graph_def().node]


def gates(x: tf.Tensor) -> tf.Tensor:
    return x[:, :2] * tf.tanh(x[:, 2:4]) + x[:, 4:]


CASES: dict[str, tuple[Callable[..., tf.Tensor], tuple[tuple[int, ...], ...], str]] = {
    "projections": (lambda x, w: tf.matmul(x, w), ((5, 4, 3), (3, 2)), "BatchMatMulV2"),
    "projections of rank 4": (lambda x, w: tf.matmul(x, w), ((2, 5, 4, 3), (3, 2)), "BatchMatMulV2"),
    "gates": (gates, ((5, 6),), "StridedSliceGrad"),
    "one gate": (lambda x: x[:, 2:4], ((5, 6),), "StridedSliceGrad"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_replaced(case: str) -> None:
    function, shapes, slow = CASES[case]
    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape) for shape in shapes]
    expected, before = gradients_of(function, *arrays, cheaper=False)
    got, after = gradients_of(function, *arrays, cheaper=True)
    assert slow in before
    assert slow not in after
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda x, w: tf.matmul(x, w, transpose_b=True), ((5, 4, 3), (2, 3))),
        (lambda x, w: tf.matmul(x, w, False, True), ((5, 4, 3), (2, 3))),
        (lambda x, w: tf.matmul(x, w), ((5, 4, 3), (5, 3, 2))),
        (lambda x, w: x[1:] @ w, ((5, 3), (3, 2))),
        (lambda x: x[:, 1:3], ((5, 6),)),  # not a part of a split
        (lambda x: x[:, :4], ((5, 6),)),
        (lambda x: x[:, ::2], ((5, 6),)),
        (lambda x: x[:, ::-1], ((5, 6),)),
        (lambda x: x[:, -2:] + x[:, :-4], ((5, 6),)),
        (lambda x: x[:, 2], ((5, 6),)),
        (lambda x: x[:, : tf.shape(x)[0]], ((3, 6),)),
        (lambda x: x[..., :3], ((5, 6),)),
        (lambda x: x[:, :3] + tf.exp(x)[:, :3] + (2 * x)[:, 3:], ((5, 6),)),  # three tensors, each with its parts
        (lambda x: x[:, 2:4, 0], ((5, 6, 2),)),
    ],
)
def test_other_products_and_slices_give_the_same_numbers(
    function: Callable[..., tf.Tensor], shapes: tuple[tuple[int, ...], ...]
) -> None:
    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape) for shape in shapes]
    expected, _ = gradients_of(function, *arrays, cheaper=False)
    got, _ = gradients_of(function, *arrays, cheaper=True)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
