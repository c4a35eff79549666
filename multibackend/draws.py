"""All randomness, from NumPy and a seed: initial weights, batch order, dropout masks.

With one seed the three backends of Keras start from different weights, read different batches and
drop different units. Here the numbers come from one place instead:

- `initial_weights(seed)`: while a model is built, `keras.random`'s functions draw with a NumPy bit
  generator keyed by the very seeds Keras would have used. Every initializer ends in those functions,
  custom ones included. Three initializers also *compute* (Orthogonal a QR decomposition, STFT sines,
  Constant a cast); they compute in NumPy meanwhile. All weights are then identical to the bit on the three backends.
  Orthogonal rests on LAPACK's QR: on machines with another LAPACK its float64 weights may differ
  by rounding (a few 1e-16), its float32 weights in rare last bits.
- `identical_masks()`: while a model trains, dropout masks come from a counter-based generator
  written in `keras.ops` on 32-bit integers: identical to the bit on every backend and precision.
- `batch_order(seed, epoch, rows)`: the order of the rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from multibackend.errors import Unsupported

ORDER_STREAM, PERTURBATION_STREAM, UNSEEDED_STREAM = 1, 2, 3
"""Keep the streams drawn from one seed apart."""


def _generator(*key: int) -> np.random.Generator:
    # Philox is counter-based and its streams are fixed by NumPy's compatibility policy (NEP 19).
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([k & 0xFFFFFFFF for k in key])))


def batch_order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order in which an epoch reads its rows: int32, shape (rows,), a permutation."""
    return _generator(seed, ORDER_STREAM, epoch).permutation(rows).astype(np.int32)


def perturb(weights: np.ndarray, seed: int, index: int) -> np.ndarray:
    """The same weights, each moved up or down by one unit in the last place of its dtype; zeros stay zeros."""
    up = _generator(seed, PERTURBATION_STREAM, index).integers(0, 2, weights.shape).astype(bool)
    infinity = np.asarray(np.inf, weights.dtype)
    # Beside zero lie numbers so small that processors treat them each in their own way.
    moved: np.ndarray = np.where(weights == 0, weights, np.nextafter(weights, np.where(up, infinity, -infinity)))
    return moved


# ---------------------------------------------------------------------------------- initial weights


@contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """While open, whatever Keras draws eagerly comes from NumPy; Python's and NumPy's own state is put back."""
    from keras.src import backend
    from keras.src.initializers import constant_initializers, random_initializers

    python_state, numpy_state = random.getstate(), np.random.get_state()
    # Keras gives layers and initializers without a seed one drawn from Python's generator.
    random.seed(seed)
    np.random.seed(seed % 2**32)
    unseeded = _Unseeded(seed)
    with ExitStack() as stack:
        for name, draw in _NUMPY_DRAWS.items():
            original = getattr(backend.random, name)
            stack.enter_context(patch.object(backend.random, name, _drawn_in_numpy(draw, original, unseeded)))
        for module, cls in (
            (random_initializers, random_initializers.Orthogonal),
            (constant_initializers, constant_initializers.STFT),
            (constant_initializers, constant_initializers.Constant),  # float64 0.4 loses bits in TensorFlow's cast
        ):
            stack.enter_context(patch.object(cls, "__call__", _computed_in_numpy(cls.__call__, module)))
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


class _Unseeded:
    """Counts the draws that name no seed, so that each is another, in the same order everywhere."""

    def __init__(self, seed: int) -> None:
        self.seed, self.count = seed, 0

    def next(self) -> np.random.Generator:
        self.count += 1
        return _generator(self.seed, UNSEEDED_STREAM, self.count)


def _drawn_in_numpy(draw: Callable[..., Any], original: Callable[..., Any], unseeded: _Unseeded) -> Callable[..., Any]:
    from keras.src import backend
    from keras.src.backend.common.symbolic_scope import in_symbolic_scope
    from keras.src.random.seed_generator import draw_seed

    def drawn(*args: Any, dtype: Any = None, seed: Any = None, **kwargs: Any) -> Any:
        if in_symbolic_scope():  # only shapes are asked for; there is no number to draw
            return original(*args, **({} if dtype is None else {"dtype": dtype}), seed=seed, **kwargs)
        if seed is None:
            generator = unseeded.next()
        else:
            generator = _generator(*(int(n) for n in backend.convert_to_numpy(draw_seed(seed))))
        return backend.convert_to_tensor(*draw(generator, *args, dtype=dtype, **kwargs))

    return drawn


def _float(values: np.ndarray, dtype: Any) -> tuple[np.ndarray, str]:
    from keras.src import backend

    name = backend.standardize_dtype(dtype or backend.floatx())
    return values, name


def _normal(g: np.random.Generator, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None) -> Any:
    return _float(mean + stddev * g.standard_normal(tuple(shape)), dtype)


def _uniform(g: np.random.Generator, shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None) -> Any:
    return _float(minval + (maxval - minval) * g.random(tuple(shape)), dtype)


def _truncated_normal(
    g: np.random.Generator, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None
) -> Any:
    # Values beyond two standard deviations are drawn again, as keras.random.truncated_normal defines it.
    values = g.standard_normal(tuple(shape))
    while (beyond := np.abs(values) > 2).any():
        values = np.where(beyond, g.standard_normal(values.shape), values)
    return _float(mean + stddev * values, dtype)


def _randint(g: np.random.Generator, shape: Any, minval: int, maxval: int, dtype: Any = "int32") -> Any:
    return g.integers(minval, maxval, tuple(shape)), dtype or "int32"


def _gamma(g: np.random.Generator, shape: Any, alpha: Any, dtype: Any = None) -> Any:
    return _float(g.gamma(_numpy(alpha), size=tuple(shape)), dtype)


def _beta(g: np.random.Generator, shape: Any, alpha: Any, beta: Any, dtype: Any = None) -> Any:
    return _float(g.beta(_numpy(alpha), _numpy(beta), size=tuple(shape)), dtype)


def _binomial(g: np.random.Generator, shape: Any, counts: Any, probabilities: Any, dtype: Any = None) -> Any:
    return _float(g.binomial(_numpy(counts).astype("int64"), _numpy(probabilities), size=tuple(shape)), dtype)


def _categorical(g: np.random.Generator, logits: Any, num_samples: int, dtype: Any = "int32") -> Any:
    # The Gumbel-max trick: arg max of the logits plus Gumbel noise follows softmax(logits).
    noisy = _numpy(logits)[:, None, :] + g.gumbel(size=(len(logits), num_samples, logits.shape[-1]))
    return noisy.argmax(axis=-1), dtype or "int32"


def _shuffle(g: np.random.Generator, x: Any, axis: int = 0, dtype: Any = None) -> Any:
    values = _numpy(x)
    return g.permutation(values, axis=axis), dtype or values.dtype.name


def _dropout(g: np.random.Generator, inputs: Any, rate: float, noise_shape: Any = None, dtype: Any = None) -> Any:
    values = _numpy(inputs)
    shape = values.shape if noise_shape is None else [n or m for n, m in zip(noise_shape, values.shape, strict=True)]
    kept = np.broadcast_to(g.random(shape) >= rate, values.shape)
    return np.where(kept, values / (1 - rate), 0), dtype or values.dtype.name


_NUMPY_DRAWS: dict[str, Callable[..., Any]] = {
    "normal": _normal,
    "uniform": _uniform,
    "truncated_normal": _truncated_normal,
    "randint": _randint,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "categorical": _categorical,
    "shuffle": _shuffle,
    "dropout": _dropout,
}


def _numpy(x: Any) -> np.ndarray:
    from keras.src import backend

    array: np.ndarray = backend.convert_to_numpy(x) if backend.is_tensor(x) else np.asarray(x)
    return array


def _computed_in_numpy(call: Callable[..., Any], module: Any) -> Callable[..., Any]:
    """An initializer's `__call__` with its module's `keras.ops` replaced by NumPy."""

    def computed(self: Any, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        from keras.src import backend

        name = backend.standardize_dtype(dtype or backend.floatx())
        with patch.object(module, "ops", _NumpyOps()):
            return backend.convert_to_tensor(call(self, shape, dtype=name, **kwargs), name)

    return computed


class _NumpyOps:
    """The few functions of `keras.ops` that the computing initializers use, on NumPy arrays."""

    # In float64 whatever the dtype, so that float32 weights hide what two LAPACKs may differ in.
    qr = staticmethod(lambda x: np.linalg.qr(_numpy(x).astype("float64")))
    cast = staticmethod(lambda x, dtype: np.asarray(x, dtype))
    convert_to_tensor = staticmethod(lambda x, dtype=None: np.asarray(x, dtype))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


# ------------------------------------------------------------------------------------ dropout masks


@contextmanager
def identical_masks() -> Iterator[None]:
    """While open, `keras.random`'s dropout, uniform and normal give the same numbers on every backend.

    Dropout and uniform agree to the bit; normal to rounding (it takes a logarithm and a cosine).

    Raises:
        Unsupported: another function of `keras.random` is drawn from in training.
    """
    from keras.src import backend

    replaced = {"dropout": masked_dropout, "uniform": counted_uniform, "normal": counted_normal}
    with ExitStack() as stack:
        for name in _NUMPY_DRAWS:
            replacement = replaced.get(name) or _refusal(name)
            stack.enter_context(patch.object(backend.random, name, replacement))
        yield


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(
            f"keras.random.{name} is drawn from in training; only dropout, uniform and normal are drawn alike on the "
            "three backends. Draw with one of these."
        )

    return refuse


def masked_dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Dropout with the mask of `random_bits`: a unit is kept where its 24 bits reach rate x 2^24."""
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
    """Uniform numbers of 24 bits in [minval, maxval)."""
    return minval + (maxval - minval) * _unit(random_bits(shape, seed), dtype)


def counted_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers, by Box and Muller's transform of two uniform ones."""
    from keras import ops

    bits = random_bits((2, *shape), seed)
    radius = ops.sqrt(-2.0 * ops.log(1.0 - _unit(bits[0], dtype)))
    return mean + stddev * radius * ops.cos(2.0 * np.pi * _unit(bits[1], dtype))


def _unit(bits: Any, dtype: Any) -> Any:
    import keras

    return keras.ops.cast(bits, dtype or keras.config.floatx()) * 2.0**-24


def random_bits(shape: Any, seed: Any) -> Any:
    """int32 in [0, 2^24), shaped `shape`, from a Keras seed (int or `SeedGenerator`) and each element's position.

    The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random
    numbers: as easy as 1, 2, 3", 2011). It needs only additions modulo 2^32, rotations and exclusive
    ors, which int32 does alike on all three backends; unsigned 32-bit integers exist on two only.

    Raises:
        Unsupported: no seed, as the global generator's sequence differs between backends.
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
    """Threefry-2x32-20 of a key (two int32 scalars) and counters (two int32 tensors of one shape)."""
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
    """A logical shift: int32's own shift copies the sign, so those bits are masked away."""
    from keras import ops

    return ops.bitwise_and(ops.right_shift(x, distance), (1 << (32 - distance)) - 1)


__all__ = ["batch_order", "identical_masks", "initial_weights", "perturb", "random_bits", "threefry"]
