"""Limit: the time that a training's matrix products take at the rate of each, in the same framework with its threads.

A dense layer has the product forward, x W, and the gradients xᵀ g and g Wᵀ; the first layer has no gradient of its
input. A convolution counts as the product of its patches (im2col), a recurrent layer as one product a time step.
Operands are row-major: how a transposed one is read differs little in time. Each shape is timed by itself: products of
a step wait for one another, except the two gradients of a layer, which a training may compute beside each other. So a
training can be a little faster than this. Small products show what calling them costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.by_hand import HEADS, Recipe, get_by_hand, pack_attention, pairs


@dataclass(frozen=True)
class Product:
    """A product of (rows, inner) by (inner, columns), `batch` of them at once, `count` times in a step."""

    rows: int
    inner: int
    columns: int
    batch: int = 1
    count: int = 1

    @property
    def flops(self) -> int:
        """The number of multiplications and additions in a step."""
        return 2 * self.rows * self.inner * self.columns * self.batch * self.count

    @property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays to multiply, float32; of rank two, of rank three in batches."""
        batch = () if self.batch == 1 else (self.batch,)
        shapes = (*batch, self.rows, self.inner), (*batch, self.inner, self.columns)
        return np.ones(shapes[0], "float32"), np.ones(shapes[1], "float32")


# ------------------------------------------------------------------------------ products of a step


def list_products(recipe: Recipe, weights: list[np.ndarray], shape: tuple[int, ...]) -> list[Product]:
    """List the products of one step; `shape` is that of a batch, (rows, ...)."""
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


def compile_loop(backend: str, products: Sequence[Product]) -> Callable[[int], None]:
    """Compile a function that computes all products of so many steps, one shape after another.

    Raises:
        MultibackendError: nothing is written by hand for a backend of that name.
    """
    compile_product = get_by_hand(backend).compile_product
    loops = [(compile_product(*product.operands), product.count) for product in products]

    def loop(steps: int) -> None:
        for multiply, count in loops:
            multiply(steps * count)

    return loop
