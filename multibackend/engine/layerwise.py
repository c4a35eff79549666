"""Layers run alone, on inputs that every backend shares: an error then shows in the layer where it starts.

One backend's training step is *traced*: each call of a layer, with its inputs, its outputs, and the gradients of the
loss at both. Every backend then repeats the step with each call *isolated*. The call's floating inputs are replaced by
the traced ones, and it hands on the traced outputs, whatever it computed itself. So no error passes through: a
difference in an output, or in a gradient for the traced cotangent, arose in that very call. A layer that calls others
gets their traced outputs too, and answers for its own operations alone. Masks aren't replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np

from multibackend.engine.contract import TrainingEngine
from multibackend.engine.intercept import Call, flatten, intercepted, map_leaves
from multibackend.engine.model import as_tensors, compute_loss
from multibackend.engine.state import by_path, named, restore_state, save_state
from multibackend.experiments.experiment import Split

Arrays = dict[str, np.ndarray]
Visit = Callable[[str, Any], Any]


def trace_step(engine: TrainingEngine, model: Any, batch: Split) -> Arrays:
    """Trace a training step at each call of a layer; the model is left as it was.

    | array | content |
    |---|---|
    | `inputs/CALL.i`, `outputs/CALL.i` | a floating tensor that goes into a call, or comes out of it |
    | `gradients of inputs/CALL.i`, `gradients of outputs/CALL.i` | the loss' gradient at that tensor |
    | `gradients/PATH` | the loss' gradient for a trainable variable |

    Calls are named as by `intercepted`.
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
            return compute_loss(model, *as_tensors(batch))[0], seen

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
    return arrays | _name_gradients(variables, gradients[len(keys) :])


def isolate_step(engine: TrainingEngine, model: Any, batch: Split, trace: Mapping[str, np.ndarray]) -> Arrays:
    """Repeat a traced step with each layer's call, the loss and the optimizer alone; the model is left as it was.

    | array | content |
    |---|---|
    | `arrived/CALL.i` | a tensor that reached a call, before it was replaced by the traced one |
    | `outputs/CALL.i`, `masks/CALL.i`, `loss` | what was computed from the traced tensors |
    | `gradients of inputs/CALL.i` | what a call makes of the traced gradient of its outputs |
    | `gradients of handed/CALL.i` | what the operations between the layers make of the traced gradients |
    | `gradients/PATH` | the gradient for a trainable variable, of traced gradients |
    | `updates/PATH`, `slots/PATH` | what the optimizer makes of the traced gradients |
    """
    state, floatx = save_state(model), _floatx()
    keys = [key for key in trace if key.startswith(("inputs/", "outputs/"))]
    seen_keys: list[str] = []

    def isolated(leaves: list[Any]) -> tuple[Any, list[Any]]:
        isolation = _Isolation(trace, dict(zip(keys, leaves, strict=True)))
        with intercepted(model, isolation.handle):
            isolation.seen["loss"], _ = compute_loss(model, *as_tensors(batch))
        seen_keys[:] = isolation.seen
        return sum(isolation.terms, isolation.seen["loss"]), list(isolation.seen.values())

    variables = model.trainable_variables
    values, gradients = engine.differentiate(isolated, [trace[key].astype(floatx) for key in keys], variables)
    restore_state(model, state)
    arrays = dict(zip(seen_keys, values, strict=True))
    for key, gradient in zip(keys, gradients, strict=False):
        arrays[f"gradients of {key.replace('outputs/', 'handed/', 1)}"] = gradient
    arrays |= _name_gradients(variables, gradients[len(keys) :])
    return arrays | _isolate_optimizer(engine, model, trace, state)


class _Isolation:
    """One pass of an isolated step: the traced tensors, those that were computed, and the terms to differentiate."""

    def __init__(self, trace: Mapping[str, np.ndarray], traced: dict[str, Any]) -> None:
        self.seen: dict[str, Any] = {}
        self.terms: list[Any] = []
        self._trace, self._traced = trace, traced

    def handle(self, name: str, call: Call, args: Any, kwargs: Any) -> Any:
        """Do a layer's call on traced inputs, and hand on the traced outputs."""
        args, kwargs = _visit((args, kwargs), f"inputs/{name}", self._enter)
        result = call(args, kwargs)
        self.seen.update(_masks(result, name))
        return _visit(result, f"outputs/{name}", self._leave)

    def _enter(self, key: str, tensor: Any) -> Any:
        self.seen[key.replace("inputs/", "arrived/", 1)] = tensor
        return self._replace(key, tensor)

    def _leave(self, key: str, tensor: Any) -> Any:
        self.seen[key] = tensor
        return self._replace(key, tensor)

    def _replace(self, key: str, tensor: Any) -> Any:
        traced = self._traced.get(key)
        if traced is None or tuple(traced.shape) != tuple(tensor.shape):
            return tensor  # another call than the traced one: there is nothing to replace it by
        self.terms.append(_weigh(tensor, self._trace[f"gradients of {key}"]))
        return traced


def _isolate_optimizer(engine: TrainingEngine, model: Any, trace: Mapping[str, np.ndarray], state: Any) -> Arrays:
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


def _visit(structure: Any, prefix: str, visit: Visit) -> Any:
    """Replace each floating tensor of a structure by `visit(key, tensor)`; each place keeps its mask."""
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


def _name_gradients(variables: list[Any], gradients: list[np.ndarray]) -> Arrays:
    return {f"gradients/{path}": gradient for path, gradient in by_path(variables, gradients).items()}


def _floatx() -> str:
    import keras

    return str(keras.config.floatx())
