"""Calls of layers, seen one by one while a model is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from multibackend.engine.state import unused

Call = Callable[[Any, Any], Any]
Handle = Callable[[str, Call, Any, Any], Any]
"""Takes a call of a layer: its name, what calls it with positional and named arguments, and these; returns a result."""


@contextmanager
def intercepted(model: Any, handle: Handle) -> Iterator[None]:
    """While open, each call of a layer inside `model` goes through `handle`, nested ones too.

    Calls are named by the layer's path; a second one of the same path is `path#2`. What runs once a time step, inside
    RNN and TimeDistributed, is left out.
    """
    import keras

    original = keras.layers.Layer.__call__
    layers = {id(layer) for layer in model._flatten_layers(include_self=False)}
    names: dict[str, None] = {}
    looping: list[Any] = []

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        def call(args: Any, kwargs: Any) -> Any:
            loops = isinstance(self, keras.layers.RNN | keras.layers.TimeDistributed)
            looping.extend([self] * loops)
            try:
                return original(self, *args, **kwargs)
            finally:
                del looping[len(looping) - loops :]

        if id(self) not in layers or looping:
            return call(args, kwargs)
        name = unused(names, self.path or self.name)
        names[name] = None
        return handle(name, call, args, kwargs)

    with patch.object(keras.layers.Layer, "__call__", called):
        yield


def call_recorded(model: Any, inputs: Any) -> dict[str, Any]:
    """Call a model on input tensors, in inference mode; each layer's output by its call's name, in order of completion.

    A layer with several outputs has `path.0`, `path.1`; the model's own outputs are `output.0`, `output.1`.
    """
    import keras

    outputs: dict[str, Any] = {}

    def record(name: str, call: Call, args: Any, kwargs: Any) -> Any:
        result = call(args, kwargs)
        values = [v for v in flatten(result) if keras.ops.is_tensor(v)]
        for i, value in enumerate(values):
            outputs[name if len(values) == 1 else f"{name}.{i}"] = value
        return result

    with intercepted(model, record):
        result = model(inputs, training=False)
    for i, value in enumerate(flatten(result)):
        outputs[f"output.{i}"] = value
    return outputs


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same lists, tuples and dictionaries with `function` applied to what they hold, dictionaries by sorted keys.

    `keras.tree` visits a dictionary in another order on torch than on JAX and TensorFlow (seen in Keras 3.15.1).
    """
    if isinstance(structure, Mapping):
        mapped = {key: map_leaves(function, structure[key]) for key in sorted(structure, key=str)}
        return {key: mapped[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        items = [map_leaves(function, item) for item in structure]
        if isinstance(structure, list):
            return items
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    return function(structure)


def flatten(structure: Any) -> list[Any]:
    """What lists, tuples and dictionaries hold, in the order of `map_leaves`."""
    found: list[Any] = []
    map_leaves(found.append, structure)
    return found
