"""Initial weights: while a model is built, every number that Keras draws comes from NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from multibackend.draws.order import UNSEEDED_STREAM, make_generator


@contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Draw in NumPy all that Keras draws eagerly while open; Python's and NumPy's own state is put back."""
    from keras.src import backend
    from keras.src.initializers import constant_initializers, random_initializers

    python_state, numpy_state = random.getstate(), np.random.get_state()
    # Keras gives layers and initializers without a seed one drawn from Python's generator.
    random.seed(seed)
    np.random.seed(seed % 2**32)
    unseeded = _Unseeded(seed)
    with ExitStack() as stack:
        for name, draw in NUMPY_DRAWS.items():
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
    """The draws that name no seed: each is numbered, so that each differs, in the same order everywhere."""

    def __init__(self, seed: int) -> None:
        self.seed, self.count = seed, 0

    def next(self) -> np.random.Generator:
        self.count += 1
        return make_generator(self.seed, UNSEEDED_STREAM, self.count)


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
            generator = make_generator(*(int(n) for n in backend.convert_to_numpy(draw_seed(seed))))
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


NUMPY_DRAWS: dict[str, Callable[..., Any]] = {
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
    """Wrap an initializer's `__call__`: it computes with NumPy in place of its module's `keras.ops`."""

    def computed(self: Any, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        from keras.src import backend

        name = backend.standardize_dtype(dtype or backend.floatx())
        with patch.object(module, "ops", _NumpyOps()):
            return backend.convert_to_tensor(call(self, shape, dtype=name, **kwargs), name)

    return computed


class _NumpyOps:
    """The few functions of `keras.ops` that the computing initializers use, on NumPy arrays."""

    # In float64 whatever the dtype: the differences between two LAPACKs then don't show in float32 weights.
    qr = staticmethod(lambda x: np.linalg.qr(_numpy(x).astype("float64")))
    cast = staticmethod(lambda x, dtype: np.asarray(x, dtype))
    convert_to_tensor = staticmethod(lambda x, dtype=None: np.asarray(x, dtype))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)
