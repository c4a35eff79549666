"""Workarounds: where Keras 3.15 keeps a float64 training from being float64 on every backend.

A float64 run is the proof that two backends compute the same mathematics, so what Keras itself
does differently must be stepped round, in this one place and visibly: each record lists the workarounds in
effect, and `compare/known.toml` says what happens without each. `docs/upstream/` holds a
reproduction of every cause. float32 runs are never worked around: there Keras trains as its users get it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def apply_workarounds(backend: str, precision: str, wanted: bool) -> Iterator[tuple[str, ...]]:
    """While open, the workarounds of a backend in float64 are in effect; yields their names (none in float32)."""
    names = WORKAROUNDS[backend] if wanted and precision == "float64" else {}
    with ExitStack() as stack:
        for workaround in names.values():
            workaround(stack)
        yield tuple(names)


OPTIMIZER_BY_PUBLIC_NAME = "optimizer-saved-by-public-name"


@contextmanager
def optimizer_saved_by_public_name(model: Any) -> Iterator[tuple[str, ...]]:
    """Let the other backends load a model that Keras saves on torch; yields the workaround's name if needed.

    Keras has classes of its own for torch's optimizers, and writes their module into the file, which can't be imported
    where torch isn't installed: keras/src/backend/torch/optimizers/torch_optimizer.py, seen in 3.15.1. We found no
    report.
    """
    optimizer = type(model.optimizer)
    if not optimizer.__module__.startswith("keras.src.backend.torch.optimizers"):
        yield ()
        return
    with patch.object(optimizer, "__module__", "keras.optimizers"):
        yield (OPTIMIZER_BY_PUBLIC_NAME,)


def _float64_stays_float64(stack: ExitStack) -> None:
    # Keras' promotion table turns every float64 result into float32 on JAX and torch, even under
    # set_floatx("float64"): keras/src/backend/common/dtypes.py, BIT64_TO_BIT32_DTYPE, seen in 3.15.1
    # (keras issue 23704).
    from keras.src.backend.common import dtypes

    stack.enter_context(patch.dict(dtypes.BIT64_TO_BIT32_DTYPE, {"float64": "float64"}))


def _tensorflow_cast_exact(stack: ExitStack) -> None:
    # keras.ops.cast(0.999, "float64") gives 0.99900001287 on TensorFlow: tf.cast makes a float32 tensor
    # of a Python number first (tensorflow issue 57779): keras/src/backend/tensorflow/core.py, cast, seen in 3.15.1.
    from keras.src.backend.tensorflow import core

    original = core.cast

    def cast(x: Any, dtype: Any) -> Any:
        return core.convert_to_tensor(x, dtype) if isinstance(x, float) else original(x, dtype)

    _replace_everywhere(stack, original, cast)


def _tensorflow_loss_from_probabilities(stack: ExitStack) -> None:
    # TensorFlow's cross-entropies look behind a softmax or sigmoid for its logits and don't clip; JAX
    # and torch clip the probabilities to [1e-7, 1 - 1e-7]: keras/src/backend/tensorflow/nn.py, _get_logits.
    # Without that, its sparse one normalises what was clipped once more; the dense one is as on JAX and torch.
    from keras import ops
    from keras.src.backend.tensorflow import nn

    original = nn.sparse_categorical_crossentropy

    def probabilities(output: Any, from_logits: bool, *_: str) -> tuple[Any, bool]:
        return output, from_logits

    def sparse(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
        if from_logits:
            return original(target, output, from_logits=True, axis=axis)
        classes = ops.reshape(ops.cast(target, "int64"), ops.shape(output)[:-1])
        one_hot = ops.one_hot(classes, output.shape[-1], dtype=output.dtype)
        return nn.categorical_crossentropy(one_hot, output, axis=axis)

    stack.enter_context(patch.object(nn, "_get_logits", probabilities))
    stack.enter_context(patch.object(nn, "sparse_categorical_crossentropy", sparse))


def _replace_everywhere(stack: ExitStack, original: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Replace a function in every Keras module that imported it by name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("keras.src"):
            for attribute, value in list(vars(module).items()):
                if value is original:
                    stack.enter_context(patch.object(module, attribute, replacement))


Workaround = Callable[[ExitStack], None]
WORKAROUNDS: dict[str, dict[str, Workaround]] = {
    "jax": {"float64-stays-float64": _float64_stays_float64},
    "tensorflow": {
        "tensorflow-cast-exact": _tensorflow_cast_exact,
        "tensorflow-loss-from-probabilities": _tensorflow_loss_from_probabilities,
    },
    "torch": {"float64-stays-float64": _float64_stays_float64},
}
"""By backend, what a float64 run needs there."""
