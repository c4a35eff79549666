"""Workarounds on TensorFlow."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from multibackend.engine.workarounds import Workaround, replace_everywhere


def _cast_exactly(stack: ExitStack) -> None:
    # keras.ops.cast(0.999, "float64") gives 0.99900001287 on TensorFlow: tf.cast makes a float32 tensor
    # of a Python number first (tensorflow issue 57779): keras/src/backend/tensorflow/core.py, cast, seen in 3.15.1.
    from keras.src.backend.tensorflow import core

    original = core.cast

    def cast(x: Any, dtype: Any) -> Any:
        return core.convert_to_tensor(x, dtype) if isinstance(x, float) else original(x, dtype)

    replace_everywhere(stack, original, cast)


def _take_loss_from_probabilities(stack: ExitStack) -> None:
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


WORKAROUNDS = (
    Workaround("tensorflow-cast-exact", _cast_exactly),
    Workaround("tensorflow-loss-from-probabilities", _take_loss_from_probabilities),
)
