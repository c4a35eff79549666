"""Workarounds on OpenVINO: in float32, the only precision that it computes in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from multibackend.engine.workarounds import Workaround


def _predict_with_the_weights_of_now(stack: ExitStack) -> None:
    # Keras compiles once for each model and shape, and then predicts with the weights of that time, whatever is
    # assigned: keras/src/backend/openvino/trainer.py, _get_compiled_model, seen in 3.15.1. We found no report.
    from keras.src.backend.openvino.trainer import OpenVINOTrainer

    original = OpenVINOTrainer._get_compiled_model
    compiled_with: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()

    def get_compiled_model(self: Any, data: Any) -> Any:
        weights, before = [variable.value for variable in self.variables], compiled_with.get(self, [])
        if len(weights) != len(before) or any(a is not b for a, b in zip(weights, before, strict=True)):
            self.ov_compiled_model = None
            compiled_with[self] = weights
        return original(self, data)

    stack.enter_context(patch.object(OpenVINOTrainer, "_get_compiled_model", get_compiled_model))


def _build_regularized_models(stack: ExitStack) -> None:
    # Keras enters a symbolic scope while it computes an output's shape on every backend but this one, and it sums the
    # list of a model's losses as if it were a tensor: keras/src/backend/openvino/core.py, compute_output_spec, and
    # numpy.py, sum, seen in 3.15.1. A model with a regularizer can't be built without both. We found no report.
    import keras
    from keras.src import backend
    from keras.src.backend.common.symbolic_scope import SymbolicScope

    compute_output_spec, add_up = backend.compute_output_spec, backend.numpy.sum

    def compute_symbolically(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            with SymbolicScope():
                return function(*args, **kwargs)

        return compute_output_spec(call, *args, **kwargs)

    def add_up_lists_too(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return add_up(keras.ops.stack(x) if isinstance(x, (list, tuple)) and x else x, axis, keepdims)

    stack.enter_context(patch.object(backend, "compute_output_spec", compute_symbolically))
    stack.enter_context(patch.object(backend.numpy, "sum", add_up_lists_too))


WORKAROUNDS = (
    Workaround("openvino-weights-of-now", _predict_with_the_weights_of_now, precision="float32"),
    Workaround("openvino-regularized-models", _build_regularized_models, precision="float32"),
)
