"""Isolation: each layer run alone, on inputs that every backend shares, so that an error is seen where it starts.

One backend's training step is *traced*: what goes into each call of a layer and comes out of it, and the gradients of
the loss there. Every backend then repeats the step with each call *isolated*: its floating inputs are replaced by the
traced ones, and what it hands on is the traced output, whatever it computed itself. So nothing passes through: a
difference in an output, or in a gradient for the traced cotangent, arose in that very call. A layer that calls others
is given their traced outputs too, and answers for its own operations alone. Masks travel as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np

from multibackend.engine.contract import Engine
from multibackend.engine.intercept import Call, flatten, intercepted, map_leaves
from multibackend.engine.model import parts
from multibackend.engine.state import named, restore_state, save_state, unused
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split

Arrays = dict[str, np.ndarray]
Visit = Callable[[str, Any], Any]


def trace_step(engine: Engine, model: Any, batch: Split) -> Arrays:
    """What a training step does at each call of a layer; the model is left as it was.

    `inputs/CALL.i` and `outputs/CALL.i`, of floating tensors; `gradients of inputs/CALL.i` and `gradients of
    outputs/CALL.i`, of the loss; `gradients/PATH` for each trainable variable. Calls are named as by `intercepted`.
    """
    state, keys = save_state(model), list[str]()

    def step(taps: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        seen: dict[str, Any] = {}

        def visit(key: str, tensor: Any) -> Any:
            seen[key] = tensor + taps[key] if key in taps else tensor
            return seen[key]

        def handle(name: str, call: Call, args: Any, kwargs: Any) -> Any:
            args, kwargs = _visit((args, kwargs), f"inputs/{name}", visit)
            return _visit(call(args, kwargs), f"outputs/{name}", visit)

        with intercepted(model, handle):
            return _compute_loss(model, batch), seen

    def plain(_: list[Any]) -> tuple[Any, list[Any]]:
        loss, seen = step({})
        keys[:] = seen
        return loss, list(seen.values())

    values, _ = engine.differentiate(plain, [], [])
    restore_state(model, state)
    # The gradient at a tensor is that of a zero added to it.
    zeros = [np.zeros_like(value) for value in values]
    variables = model.trainable_variables
    _, gradients = engine.differentiate(
        lambda taps: (step(dict(zip(keys, taps, strict=True)))[0], []), zeros, variables
    )
    restore_state(model, state)
    arrays = dict(zip(keys, values, strict=True))
    arrays |= {f"gradients of {key}": gradient for key, gradient in zip(keys, gradients, strict=False)}
    return arrays | _by_path("gradients", variables, gradients[len(keys) :])


def isolate_step(engine: Engine, model: Any, batch: Split, trace: Mapping[str, np.ndarray]) -> Arrays:
    """The same step with each call of a layer, the loss and the optimizer isolated; the model is left as it was.

    `arrived/CALL.i`, what reached a call; `outputs/CALL.i`; `masks/CALL.i`; `loss`; `gradients of inputs/CALL.i`, what
    the call makes of the traced gradient of its outputs; `gradients of handed/CALL.i`, what is made of that between
    the layers; `gradients/PATH`; and what the optimizer makes of the traced gradients: `updates/PATH`, `slots/PATH`.
    """
    state, floatx = save_state(model), _floatx()
    keys = [key for key in trace if key.startswith(("inputs/", "outputs/"))]
    seen_keys: list[str] = []

    def isolated(leaves: list[Any]) -> tuple[Any, list[Any]]:
        given, seen, terms = dict(zip(keys, leaves, strict=True)), dict[str, Any](), list[Any]()

        def handle(name: str, call: Call, args: Any, kwargs: Any) -> Any:
            def enter(key: str, tensor: Any) -> Any:
                seen[key.replace("inputs/", "arrived/", 1)] = tensor
                return cut(key, tensor)

            def leave(key: str, tensor: Any) -> Any:
                seen[key] = tensor
                return cut(key, tensor)

            def cut(key: str, tensor: Any) -> Any:
                if key not in given or tuple(given[key].shape) != tuple(tensor.shape):
                    return tensor  # another call than the traced one: it has nothing to be replaced by
                terms.append(_weigh(tensor, trace[f"gradients of {key}"]))
                return given[key]

            args, kwargs = _visit((args, kwargs), f"inputs/{name}", enter)
            result = call(args, kwargs)
            seen.update(_masks(result, name))
            return _visit(result, f"outputs/{name}", leave)

        with intercepted(model, handle):
            seen["loss"] = _compute_loss(model, batch)
        seen_keys[:] = seen
        return sum(terms, seen["loss"]), list(seen.values())

    variables = model.trainable_variables
    values, gradients = engine.differentiate(isolated, [trace[key].astype(floatx) for key in keys], variables)
    restore_state(model, state)
    arrays = dict(zip(seen_keys, values, strict=True))
    for key, gradient in zip(keys, gradients, strict=False):
        arrays[f"gradients of {key.replace('outputs/', 'handed/', 1)}"] = gradient
    arrays |= _by_path("gradients", variables, gradients[len(keys) :])
    return arrays | _isolate_optimizer(engine, model, trace, state)


def _isolate_optimizer(engine: Engine, model: Any, trace: Mapping[str, np.ndarray], state: Any) -> Arrays:
    before = named(model.trainable_variables)
    traced = [trace[f"gradients/{path}"].astype(_floatx()) for path in before]
    engine.apply_gradients(model, traced)
    updates = {
        f"updates/{path}": np.subtract(value, before[path], dtype=np.float64)
        for path, value in named(model.trainable_variables).items()
    }
    slots = {f"slots/{path}": value.astype(np.float64) for path, value in named(model.optimizer.variables).items()}
    restore_state(model, state)
    return slots | updates  # as they are computed


def _compute_loss(model: Any, batch: Split) -> Any:
    import keras

    x, y, weights = (map_arrays(keras.ops.convert_to_tensor, part) for part in parts(batch))
    y_pred = model(x, training=True) if model._call_has_training_arg else model(x)
    return model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True)


def _visit(structure: Any, prefix: str, visit: Visit) -> Any:
    """The same structure with each floating tensor replaced by `visit(key, tensor)`; masks stay with their places."""
    import keras
    from keras.src.backend import get_keras_mask, set_keras_mask

    number = count()

    def each(value: Any) -> Any:
        if not keras.ops.is_tensor(value) or "float" not in keras.backend.standardize_dtype(value.dtype):
            return value
        mask = get_keras_mask(value)
        replaced = visit(f"{prefix}.{next(number)}", value)
        if mask is not None and replaced is not value:
            set_keras_mask(replaced, mask)
        return replaced

    return map_leaves(each, structure)


def _masks(result: Any, name: str) -> dict[str, Any]:
    import keras
    from keras.src.backend import get_keras_mask

    tensors = [value for value in flatten(result) if keras.ops.is_tensor(value)]
    masks = {f"masks/{name}.{i}": get_keras_mask(tensor) for i, tensor in enumerate(tensors)}
    return {key: keras.ops.cast(mask, "int32") for key, mask in masks.items() if mask is not None}


def _weigh(tensor: Any, cotangent: np.ndarray) -> Any:
    import keras

    return keras.ops.sum(tensor * keras.ops.convert_to_tensor(cotangent.astype(_floatx())))


def _by_path(prefix: str, variables: list[Any], values: list[np.ndarray]) -> Arrays:
    arrays: Arrays = {}
    for variable, value in zip(variables, values, strict=True):
        arrays[unused(arrays, f"{prefix}/{variable.path}")] = value
    return arrays


def _floatx() -> str:
    import keras

    return str(keras.config.floatx())
