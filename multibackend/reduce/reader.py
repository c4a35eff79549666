"""Reading: turn Keras' objects and configurations into the calls that make them; runs where Keras is."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.reduce.candidate import Call, Name
from multibackend.reduce.definitions import find_definition

DROPPED = ("trainable", "dtype", "build_config", "compile_config", "seed", "registered_name", "lora_rank")
"""The arguments that a script leaves out, or sets itself."""


class Reader:
    """A reader of Keras' configurations: it makes calls of them, and collects the user's own names that they need."""

    def __init__(self, own: dict[str, Any]) -> None:
        self._own = own
        self.used: dict[str, None] = {}
        self.problems: list[str] = []
        self.initializers: list[Call] = []

    def read_layer(self, layer: Any) -> Call:
        """Return the call that makes a layer like this one, without the arguments that have their default."""
        import keras

        serialised = keras.saving.serialize_keras_object(layer)
        read: Call = self._read_object(serialised, type(layer))
        return read

    def read_loss(self, loss: Any) -> Any:
        """Read a loss as it was given to `compile`: a string, a function or an object.

        Keras' configuration of a loss leaves out what its function is called with, such as Huber's delta (3.15.1).
        """
        import keras

        if loss is None or isinstance(loss, str):
            return loss
        serialised = keras.saving.serialize_keras_object(loss)
        if isinstance(serialised, dict) and isinstance(serialised.get("config"), dict):
            given = {k: v for k, v in getattr(loss, "_fn_kwargs", {}).items() if isinstance(v, (bool, int, float, str))}
            serialised["config"] = {**given, **serialised["config"]}
        return self.read_value(serialised)

    def read_value(self, value: Any) -> Any:
        """Read a configuration's value: numbers and strings as they are, objects as calls, functions as names."""
        if isinstance(value, dict) and "class_name" in value and "config" in value:
            return self._read_object(value, None)
        if isinstance(value, dict):
            return {key: self.read_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.read_value(item) for item in value]
        if isinstance(value, float) and value == np.float32(value):
            return float(f"{value:.7g}")  # 0.01, of a variable in float32, is 0.009999999776482582
        return value

    def define(self) -> tuple[dict[str, str], list[str]]:
        """Return the source of each name used, and a sentence for each that has none."""
        made, problems = {}, []
        for name in self.used:
            try:
                made[name] = find_definition(name, self._own)
            except (MultibackendError, KeyError) as error:
                problems.append(f"{name}: no source for a script ({error})")
        return made, problems

    def _read_object(self, serialised: dict[str, Any], cls: Any) -> Any:
        import keras

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
        if module.startswith("keras.src") and hasattr(keras.optimizers, name):
            module = "keras.optimizers"  # torch has some of its own under the public names
        return Call(f"{module}.{name}", self._read_arguments(cls, config))

    def _read_arguments(self, cls: Any, config: Any) -> dict[str, Any]:
        """Read the arguments that a class needs, and those that don't have their default."""
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
    """Convert a class' name to the layer's name that Keras makes from it."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def _revive(value: Any) -> Any:
    import keras

    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) and "class_name" in value else value


def _plain(value: Any) -> Any:
    """Remove from configurations the names, which differ from object to object."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in ("name", "build_config", "shared_object_id", "seed")}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
