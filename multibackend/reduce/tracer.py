"""Tracing: record the calls of a model's layers on a batch, with what each reads and makes; runs where Keras is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from multibackend.engine.state import to_numpy
from multibackend.reduce.candidate import Name
from multibackend.reduce.reader import Reader
from multibackend.reduce.transport import encode

KEPT_ROWS = 8
"""The number of rows kept of the data and of each layer's inputs."""


class Tracer:
    """A record of layers' calls: which tensors each reads, by the node or source that made them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: list[Any] = []
        self._made: dict[int, str] = {}
        self._first: dict[int, str] = {}
        self.nodes: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}

    def add_source(self, tensor: Any) -> str:
        """Name a tensor that no layer made; return the name."""
        name = f"x{sum(made.startswith('x') for made in self._made.values())}"
        self._name(tensor, name)
        return name

    def _name(self, tensor: Any, name: str) -> None:
        self._kept.append(tensor)  # or another could get its id
        self._made[id(tensor)] = name

    def add_call(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Record one call."""
        import keras

        listed = bool(args) and isinstance(args[0], (list, tuple))
        given = [*args[0], *args[1:]] if listed else list(args)
        tensors = [value for value in given if keras.ops.is_tensor(value)]
        keywords = {}
        for key, value in kwargs.items():
            if keras.ops.is_tensor(value):
                tensors.append(value)
                keywords[key] = encode(Name(self.find(value)))
            elif key != "training" and value is not None and isinstance(value, (bool, int, float, str)):
                keywords[key] = value
        name = f"h{len(self.nodes)}"
        names = [self.find(value) for value in tensors]
        recorded = {}
        for read, value in zip(names, tensors, strict=True):
            array = to_numpy(value)
            self.arrays[f"{name}/{read}"] = array[:KEPT_ROWS]
            recorded[read] = {"shape": list(array.shape[1:]), "dtype": str(array.dtype)}
        positional = names[: len(names) - sum(isinstance(v, dict) for v in keywords.values())]
        shared = self._first.setdefault(id(layer), name)
        outputs = [value for value in keras.tree.flatten(result) if keras.ops.is_tensor(value)]
        for i, value in enumerate(outputs):
            self._name(value, name if len(outputs) == 1 else f"{name}[{i}]")
        call = encode(self._reader.read_layer(layer))
        node = {"name": name, "layer": call, "inputs": positional, "listed": listed, "keywords": keywords}
        self.nodes.append(
            {**node, "shared": "" if shared == name else shared, "path": layer.path or layer.name, "reads": recorded}
        )

    def find(self, tensor: Any) -> str:
        """Return the name of what made a tensor."""
        return self._made.get(id(tensor)) or self.add_source(tensor)


def trace(model: Any, inputs: Any, reader: Reader) -> tuple[Tracer, Any]:
    """Trace the calls of a model's layers on a batch, but not those within a layer; return also the model's outputs."""
    import keras

    tracer = Tracer(reader)
    for tensor in keras.tree.flatten(inputs):
        tracer.add_source(tensor)
    with _recorded(tracer):
        return tracer, model(inputs, training=False)


@contextmanager
def _recorded(tracer: Tracer) -> Iterator[None]:
    import keras

    original = keras.layers.Layer.__call__
    inside: list[Any] = []

    def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
        whole = not isinstance(self, keras.Model | keras.layers.InputLayer)
        inside.extend([self] * whole)
        try:
            result = original(self, *args, **kwargs)
        finally:
            del inside[len(inside) - whole :]
        if whole and not inside:
            tracer.add_call(self, args, kwargs, result)
        return result

    with patch.object(keras.layers.Layer, "__call__", recorded):
        yield
