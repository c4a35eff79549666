"""Limit: the time that the matrix products of a training take alone, in the same framework with the same threads.

Of each dense layer the product forward, x W, and the gradients xᵀ g and g Wᵀ, without the input's gradient in the first
layer. A convolution counts as the product of its patches (im2col), a recurrent layer as one product a time step.
Operands are row-major: how a transposed one is read differs little in time. No training is faster than this but by
computing fewer products; small products show what calling them costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.by_hand import HEADS, Recipe, pack_attention, pairs
from multibackend.errors import MultibackendError


@dataclass(frozen=True)
class Product:
    """`count` times in a step, `batch` products of (rows, inner) by (inner, columns)."""

    rows: int
    inner: int
    columns: int
    batch: int = 1
    count: int = 1

    @property
    def flops(self) -> int:
        """Multiplications and additions in a step."""
        return 2 * self.rows * self.inner * self.columns * self.batch * self.count

    @property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays to multiply, float32; of rank two but for batches."""
        batch = () if self.batch == 1 else (self.batch,)
        shapes = (*batch, self.rows, self.inner), (*batch, self.inner, self.columns)
        return np.ones(shapes[0], "float32"), np.ones(shapes[1], "float32")


# ------------------------------------------------------------------------------ products of a step


def list_products(recipe: Recipe, weights: list[np.ndarray], shape: tuple[int, ...]) -> list[Product]:
    """The products of one step; `shape` is that of a batch, (rows, ...)."""
    match recipe.network:
        case "mlp":
            kernels = weights[::2]
            return [p for i, w in enumerate(kernels) for p in _dense(shape[0], *w.shape, is_first=i == 0)]
        case "batchnorm":  # the layer before it trains, too
            return _dense(shape[0], *weights[4].shape)
        case "cnn":
            return _cnn(weights, shape)
        case "gru":
            return _gru(weights, shape)
        case "transformer":
            return _transformer(weights, shape)


def _dense(rows: int, fan_in: int, fan_out: int, is_first: bool = False) -> list[Product]:
    forward_and_kernel = [Product(rows, fan_in, fan_out), Product(fan_in, rows, fan_out)]
    return forward_and_kernel if is_first else [*forward_and_kernel, Product(rows, fan_out, fan_in)]


def _cnn(weights: list[np.ndarray], shape: tuple[int, ...]) -> list[Product]:
    *convolutions, (last, _) = pairs(weights)
    products, (rows, side, *_) = [], shape
    for i, (kernel, _) in enumerate(convolutions):
        patch = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
        products += _dense(rows * side * side, patch, kernel.shape[3], is_first=i == 0)
        side //= 2  # a pooling follows
    return products + _dense(rows, *last.shape)


def _gru(weights: list[np.ndarray], shape: tuple[int, ...]) -> list[Product]:
    kernel, recurrent, _, last, _ = weights
    rows, times, _ = shape
    units, gates = recurrent.shape
    return [
        *_dense(rows * times, *kernel.shape, is_first=True),
        Product(rows, units, gates, count=times),
        Product(rows, gates, units, count=times - 1),
        Product(units, rows * times, gates),
        *_dense(rows, *last.shape),
    ]


def _transformer(weights: list[np.ndarray], shape: tuple[int, ...]) -> list[Product]:
    _, *rest = pack_attention(weights)
    inward, outward, _, wide, narrow, _, last = (kernel for kernel, _ in pairs(rest))
    rows, times = shape
    depth = inward.shape[1] // 3 // HEADS
    dense = [p for kernel in (inward, outward, wide, narrow) for p in _dense(rows * times, *kernel.shape)]
    # Forward scores and context; backward the gradients of value and scores, of query and key.
    attention = [Product(times, depth, times, rows * HEADS, 2), Product(times, times, depth, rows * HEADS, 4)]
    return [*dense, *attention, *_dense(rows, *last.shape)]


# ------------------------------------------------------------------------------------------ loops

Loop = Callable[[int], None]
"""Computes all products of so many steps."""


def compile_loop(backend: str, products: Sequence[Product]) -> Loop:
    """A backend's tightest loop over products; imports its framework.

    Raises:
        MultibackendError: no backend of that name.
    """
    operands = [product.operands for product in products for _ in range(product.count)]
    match backend:
        case "jax":
            return _loop_jax(operands)
        case "tensorflow":
            return _loop_tensorflow(operands)
        case "torch":
            return _loop_torch(operands)
        case _:
            raise MultibackendError(f"backend {backend!r}: unknown; expected jax, tensorflow or torch.")


def _loop_jax(operands: list[tuple[np.ndarray, np.ndarray]]) -> Loop:
    import jax

    def step(_: int, carried: tuple[list, list]) -> tuple[list, list]:
        # Behind the barrier XLA can't tell that the operands stay the same, and so computes each time anew.
        operands, _ = jax.lax.optimization_barrier(carried)
        return operands, [a @ b for a, b in operands]

    @jax.jit
    def loop(steps: int, operands: list) -> list:
        results = [jax.numpy.zeros((*a.shape[:-1], b.shape[-1])) for a, b in operands]
        return jax.lax.fori_loop(0, steps, step, (operands, results))[1]

    on_device = jax.device_put(operands)
    return lambda steps: jax.block_until_ready(loop(steps, on_device)) and None


def _loop_tensorflow(operands: list[tuple[np.ndarray, np.ndarray]]) -> Loop:
    import tensorflow as tf

    on_device = [(tf.constant(a), tf.constant(b)) for a, b in operands]

    @tf.function(autograph=False)
    def loop(steps: tf.Tensor) -> list[tf.Tensor]:
        def step(i: tf.Tensor, _: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
            return i + 1, [a @ b for a, b in on_device]

        results = [tf.zeros((*a.shape[:-1], b.shape[-1])) for a, b in on_device]
        return tf.while_loop(lambda i, _: i < steps, step, (0, results), parallel_iterations=1)[1]

    return lambda steps: loop(tf.constant(steps))[-1].numpy() is None and None


def _loop_torch(operands: list[tuple[np.ndarray, np.ndarray]]) -> Loop:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    on_device = [(torch.tensor(a, device=device), torch.tensor(b, device=device)) for a, b in operands]
    calls = [(torch.mm if a.ndim == 2 else torch.bmm, a, b, a @ b) for a, b in on_device]

    @torch.no_grad()
    def loop(steps: int) -> None:
        for _ in range(steps):
            for multiply, a, b, out in calls:
                multiply(a, b, out=out)
        calls[-1][-1].cpu()

    return loop
