"""Extraction: an experiment's model, training and data, taken apart; runs where Keras is.

The model is called once on a batch of its data, and each layer's call recorded: so nested models, shared layers and
models by subclassing are all seen the same way.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from safetensors.numpy import save_file

from multibackend import draws
from multibackend.catalogue import load_experiment
from multibackend.engine import get_engine
from multibackend.engine.contract import check_model, to_numpy
from multibackend.errors import MultibackendError
from multibackend.experiment import Profile
from multibackend.reduce.candidate import Call, Name
from multibackend.reduce.definitions import find_definition
from multibackend.reduce.transport import encode

KEPT_ROWS = 8
"""Rows of data and of each layer's inputs that are handed on."""

DROPPED = ("trainable", "dtype", "build_config", "compile_config", "seed", "registered_name", "lora_rank")


def extract(backend: str, experiment: str, profile: Profile, seed: int, arrays: str) -> dict[str, Any]:
    """Describe an experiment in JSON values, and write the arrays that layers read to the file `arrays`."""
    import keras

    get_engine(backend).configure("float32", 1)
    loaded = load_experiment(experiment)
    plan = loaded.plan_for(profile)
    rows = slice(0, min(KEPT_ROWS, plan.batch_size))
    batch = plan.limit(loaded.load_data()).astype("float32").training.take(rows)
    keras.utils.clear_session()
    with draws.initial_weights(seed):
        model = loaded.build_model()
        check_model(model)
        inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, batch.inputs)
        model(inputs)
    reader = Reader(_own_names(loaded.build_model, model))
    tracer, outputs = trace(model, inputs, reader)
    compiled = model.get_compile_config() or {}
    heads, targets = read_heads(reader, compiled.get("loss"), outputs, batch.targets, tracer)
    save_file({key: np.ascontiguousarray(a) for key, a in (tracer.arrays | targets).items()}, arrays)
    content = {
        "nodes": tracer.nodes,
        "heads": heads,
        "optimizer": encode(reader.read_value(compiled.get("optimizer"))),
        "metrics": [encode(metric) for metric in _flatten(reader.read_value(compiled.get("metrics")))],
        "initializers": [encode(call) for call in reader.initializers],
        "weighted": batch.sample_weights is not None,
    }
    definitions, problems = reader.define()
    return {**content, "definitions": definitions, "problems": problems}


def read_heads(
    reader: Reader, loss: Any, outputs: Any, targets: Any, tracer: Tracer
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Each output of the model with its loss, and the arrays of the targets, by name."""
    import keras

    keys = list(outputs) if isinstance(outputs, dict) else range(len(keras.tree.flatten(outputs)))
    heads, arrays = [], {}
    for i, key in enumerate(keys):
        tensor = outputs[key] if isinstance(outputs, dict) else keras.tree.flatten(outputs)[i]
        array = np.asarray(_pick(targets, key, i))
        arrays[f"targets/{i}"] = array[:KEPT_ROWS]
        read = encode(reader.read_value(_pick(loss, key, i)))
        shape = list(keras.ops.shape(tensor))
        heads.append({"node": tracer.find(tensor), "loss": read, "shape": shape, "targets": f"targets/{i}"})
    return heads, arrays


def _pick(values: Any, key: Any, i: int) -> Any:
    """What belongs to one output: of a dictionary by key, of a list by position."""
    if isinstance(values, dict) and "class_name" not in values:
        return values[key] if key in values else list(values.values())[i]
    return values[i] if isinstance(values, (list, tuple)) else values


def _flatten(metrics: Any) -> list[Any]:
    """All metrics of all outputs."""
    if isinstance(metrics, dict):
        return [metric for value in metrics.values() for metric in _flatten(value)]
    if isinstance(metrics, list):
        return [metric for value in metrics for metric in _flatten(value)]
    return [] if metrics is None else [metrics]


def _own_names(build: Any, model: Any) -> dict[str, Any]:
    """What the file that defines the experiment, and those that define its layers, name."""
    modules = [inspect.getmodule(build)]
    modules += [sys.modules.get(type(layer).__module__) for layer in model._flatten_layers()]
    names: dict[str, Any] = {}
    for module in modules:
        if module is not None and not module.__name__.startswith("keras."):
            names = {**vars(module), **names}
    return names


class Reader:
    """Turns Keras' configurations into calls; collects the names of the user's own that they need."""

    def __init__(self, own: dict[str, Any]) -> None:
        self._own = own
        self.used: dict[str, None] = {}
        self.problems: list[str] = []
        self.initializers: list[Call] = []

    def read_layer(self, layer: Any) -> Call:
        """The call that makes a layer like this one, without what is as by default."""
        import keras

        serialised = keras.saving.serialize_keras_object(layer)
        read: Call = self._read_object(serialised, type(layer))
        return read

    def read_value(self, value: Any) -> Any:
        """A configuration's value: numbers and strings as they are, objects as calls, functions as names."""
        if isinstance(value, dict) and "class_name" in value and "config" in value:
            return self._read_object(value, None)
        if isinstance(value, dict):
            return {key: self.read_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.read_value(item) for item in value]
        return value

    def define(self) -> tuple[dict[str, str], list[str]]:
        """The source of each name used, and what can't be had."""
        made, problems = {}, []
        for name in self.used:
            try:
                made[name] = find_definition(name, self._own)
            except (MultibackendError, KeyError) as error:
                problems.append(f"{name}: no source for a script ({error})")
        return made, problems

    def _read_object(self, serialised: dict[str, Any], cls: Any) -> Any:
        name, config, module = serialised["class_name"], serialised["config"], serialised.get("module") or ""
        if name == "__tuple__":
            return tuple(self.read_value(config))
        if name == "DTypePolicy":
            return config["name"]
        if name == "function":
            self.used[config] = None
            return Name(config)
        if not module.startswith("keras"):
            self.used[name] = None
            cls = cls or self._own.get(name)
            return Call(Name(name), self._read_arguments(cls, config))
        cls = cls or getattr(importlib.import_module(module), name)
        return Call(f"{module}.{name}", self._read_arguments(cls, config))

    def _read_arguments(self, cls: Any, config: Any) -> dict[str, Any]:
        """The arguments that a class needs, and those that aren't as by default."""
        if not isinstance(config, dict) or cls is None:
            return {}
        parameters = inspect.signature(cls.__init__).parameters
        relayed = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        needed = [k for k, p in parameters.items() if p.default is p.empty and k in config]
        usual = self._usual_config(cls, {key: config[key] for key in needed})
        arguments = {}
        for key, value in config.items():
            if key == "name" and re.fullmatch(rf"{to_snake_case(cls.__name__)}(_\d+)?", str(value)):
                continue
            if isinstance(value, dict) and str(value.get("module")).startswith("keras.initializers"):
                self._keep_initializer(self.read_value(value))  # of no matter for values that scripts set themselves
                continue
            as_usual = key not in needed and key in usual and _plain(usual[key]) == _plain(value)
            if (key in DROPPED and not (key == "trainable" and value is False)) or as_usual:
                continue
            if key not in parameters and not relayed:
                continue
            arguments[key] = self.read_value(value)
        return arguments

    def _keep_initializer(self, call: Call) -> None:
        if call not in self.initializers:
            self.initializers.append(call)

    def _usual_config(self, cls: Any, needed: dict[str, Any]) -> dict[str, Any]:
        import keras

        try:
            made = cls(**{key: _revive(value) for key, value in needed.items()})
            config: dict[str, Any] = keras.saving.serialize_keras_object(made)["config"]
        except Exception:  # whatever a constructor of the user's raises: then nothing is left out
            return {}
        return config


def to_snake_case(name: str) -> str:
    """A class' name as Keras makes layers' names of it."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def _revive(value: Any) -> Any:
    import keras

    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) and "class_name" in value else value


def _plain(value: Any) -> Any:
    """Configurations without names, which differ from object to object."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in ("name", "build_config", "shared_object_id", "seed")}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


# ------------------------------------------------------------------------------------------- calls


class Tracer:
    """Records the calls of layers: which tensors go in, by the node or source that made them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: list[Any] = []
        self._made: dict[int, str] = {}
        self._first: dict[int, str] = {}
        self.nodes: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}

    def add_source(self, tensor: Any) -> str:
        """Give a tensor that no layer made a name of its own."""
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
        """The name of what made a tensor."""
        return self._made.get(id(tensor)) or self.add_source(tensor)


def trace(model: Any, inputs: Any, reader: Reader) -> tuple[Tracer, Any]:
    """The calls of a model's layers on a batch, and the model's outputs. Calls within a layer are left out."""
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
