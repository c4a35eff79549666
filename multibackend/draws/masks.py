"""Dropout masks, and all that is drawn in training: by a counter-based generator in `keras.ops` on 32-bit integers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from multibackend.draws.weights import NUMPY_DRAWS
from multibackend.errors import Unsupported


@contextmanager
def identical_masks() -> Iterator[None]:
    """Make `keras.random`'s dropout, uniform and normal draw the same numbers on every backend while open.

    Dropout and uniform agree to the bit; normal agrees up to rounding error (it takes a logarithm and a cosine).

    Raises:
        Unsupported: another function of `keras.random` is drawn from in training.
    """
    from keras.src import backend

    replaced = {"dropout": masked_dropout, "uniform": counted_uniform, "normal": counted_normal}
    with ExitStack() as stack:
        for name in NUMPY_DRAWS:
            replacement = replaced.get(name) or _refusal(name)
            stack.enter_context(patch.object(backend.random, name, replacement))
        yield


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(
            f"keras.random.{name} is drawn from in training; only dropout, uniform and normal are drawn alike on every "
            "backend. Draw with one of these."
        )

    return refuse


def masked_dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Drop units by the mask of `random_bits`: a unit is kept if its 24 bits reach rate x 2^24."""
    from keras import ops

    if rate == 0:
        return inputs
    shape = ops.shape(inputs)
    if noise_shape is not None:
        shape = tuple(n if m is None else m for n, m in zip(shape, noise_shape, strict=True))
    kept = ops.greater_equal(random_bits(shape, seed), round(rate * 2**24))
    scaled = inputs / (1.0 - rate) if rate < 1 else inputs
    return ops.where(kept, scaled, ops.zeros_like(inputs))


def counted_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw uniform numbers of 24 bits in [minval, maxval)."""
    return minval + (maxval - minval) * _unit(random_bits(shape, seed), dtype)


def counted_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw normal numbers, by Box and Muller's transform of two uniform ones."""
    from keras import ops

    bits = random_bits((2, *shape), seed)
    radius = ops.sqrt(-2.0 * ops.log(1.0 - _unit(bits[0], dtype)))
    return mean + stddev * radius * ops.cos(2.0 * np.pi * _unit(bits[1], dtype))


def _unit(bits: Any, dtype: Any) -> Any:
    import keras

    return keras.ops.cast(bits, dtype or keras.config.floatx()) * 2.0**-24


def random_bits(shape: Any, seed: Any) -> Any:
    """Draw int32 in [0, 2^24), shaped `shape`, from a Keras seed (int or `SeedGenerator`) and each element's position.

    The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
    1, 2, 3", 2011). It needs only additions modulo 2^32, rotations and exclusive ors, which int32 does alike on every
    backend; not every backend computes with unsigned 32-bit integers.

    Raises:
        Unsupported: no seed is given, and the global generator's sequence differs between backends.
    """
    from keras import ops
    from keras.src.random.seed_generator import draw_seed

    if seed is None:
        raise Unsupported(
            "keras.random is drawn from in training without a seed; pass a keras.random.SeedGenerator of the layer's."
        )
    key = ops.cast(draw_seed(seed), "int32")
    size: Any = 1
    for n in shape:
        size = size * n
    blocks = (size + 1) // 2
    counter = ops.arange(blocks, dtype="int32")
    first, second = threefry(key[0], key[1], counter, ops.zeros_like(counter))
    bits = ops.reshape(ops.concatenate([first, second])[:size], shape)
    return _shift_right(bits, 8)


# Rotation distances and the key schedule's parity constant are the published ones of Threefry-2x32.
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key0: Any, key1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Compute Threefry-2x32-20 of a key (two int32 scalars) and counters (two int32 tensors of one shape)."""
    from keras import ops

    keys = (key0, key1, ops.bitwise_xor(ops.bitwise_xor(key0, key1), _PARITY))
    x0, x1 = x0 + key0, x1 + key1
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            rotated = ops.bitwise_or(ops.left_shift(x1, distance), _shift_right(x1, 32 - distance))
            x1 = ops.bitwise_xor(x0, rotated)
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + (group + 1)
    return x0, x1


def _shift_right(x: Any, distance: int) -> Any:
    """Shift logically: int32's own shift copies the sign, so those bits are masked away."""
    from keras import ops

    return ops.bitwise_and(ops.right_shift(x, distance), (1 << (32 - distance)) - 1)
