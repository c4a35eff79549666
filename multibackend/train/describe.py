"""Descriptions: what a record says of a training beside its numbers: the model, the data, the machine."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import multibackend
from multibackend.engine.backends import DESCRIPTORS
from multibackend.experiments.experiment import Dataset
from multibackend.machine import name_processor

PACKAGES = (
    "keras",
    *(name for backend in DESCRIPTORS.values() for name in backend.distributions),
    *("numpy", "pandas", "scikit-learn"),
)


def describe_structure(model: Any, outputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """Describe a model's layers, variables, parameters, optimizer and loss, as far as no backend decides them.

    `outputs` holds the output of each call of a layer, which the description's `outputs` lists. Its `slots` lists the
    optimizer's variables, with integers as int64, whatever a backend takes. Both say which arrays a record must hold.
    """
    layers = [
        {
            "path": (path := layer.path or layer.name),
            "class": type(layer).__name__,
            "config": _describe_config(layer),
            "output_shape": list(outputs[path].shape[1:]) if path in outputs else None,
            "parameters": int(layer.count_params()),
        }
        for layer in model._flatten_layers(include_self=False)
    ]
    trained = {id(variable) for variable in model.trainable_variables}
    variables = [
        {"path": v.path, "shape": list(v.shape), "dtype": str(v.dtype), "trainable": id(v) in trained}
        for v in model.weights
    ]
    slots = [
        {"path": v.path, "shape": list(v.shape), "dtype": "int64" if "int" in v.dtype else str(v.dtype)}
        for v in model.optimizer.variables
    ]
    trainable = sum(math.prod(v.shape) for v in model.trainable_weights)
    total = int(model.count_params())
    parameters = {"total": total, "trainable": trainable, "non_trainable": total - trainable}
    return {
        "layers": layers,
        "variables": variables,
        "parameters": parameters,
        "outputs": [{"path": k, "shape": list(v.shape), "dtype": str(v.dtype)} for k, v in outputs.items()],
        "slots": slots,
        "optimizer": _describe_object(model.optimizer),
        "loss": _describe_object(model._compile_loss._user_loss),
        "loss_weights": _describe_object(model._compile_loss._user_loss_weights),
    }


def _describe_object(value: Any) -> Any:
    """Describe an optimizer, a loss, or a structure of such, by class and configuration; a function by its name."""
    if isinstance(value, dict):
        return {str(key): _describe_object(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_describe_object(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    if inspect.isfunction(value):
        return value.__qualname__
    return {"class": type(value).__name__, "config": _round_floats(_serialize(value))}


def _round_floats(value: Any) -> Any:
    """Round numbers to float32's precision: an optimizer's rate has been in a variable of the run's precision."""
    if isinstance(value, dict):
        return {key: _round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round_floats(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _describe_config(layer: Any) -> Any:
    """Describe a layer's configuration as Keras serializes it; None if it has none, or if it holds other layers."""
    import keras

    return None if isinstance(layer, keras.Model) else _serialize(layer)


def _serialize(value: Any) -> Any:
    """Serialize the configuration of an object of Keras as JSON values; None where it has none."""
    import keras

    try:
        config = keras.saving.serialize_keras_object(value)["config"]
        return json.loads(json.dumps(config, allow_nan=False), object_hook=_without_code)
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        return None


def _without_code(value: dict[str, Any]) -> Any:
    """Reduce a lambda to its kind: its code holds the path of its file."""
    return "lambda" if value.get("class_name") == "__lambda__" else value


def digest_data(data: Dataset) -> dict[str, str]:
    """Compute the SHA-256 of each array trained, validated or tested on, before it is cast to the run's precision.

    "origin" describes data that aren't the user's own.
    """
    digests = {"origin": data.origin} if data.origin else {}
    return digests | {name: digest_array(array) for name, array in data.named_arrays()}


def digest_array(array: np.ndarray) -> str:
    """Compute the SHA-256 of an array's dtype, shape and bytes in C order."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)  # without a copy: 60,000 images are 376 MB
    return digest.hexdigest()


def describe_environment(threads: int, backend: str = "") -> dict[str, Any]:
    """Describe where this process runs: its backend, versions, machine, threads, and the commit of the code."""
    return {
        **({"backend": backend} if backend else {}),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": name_processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        **_commit(Path(multibackend.__file__).parent),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit(folder: Path) -> dict[str, Any]:
    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    status = git("status", "--porcelain", "--", ".")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}
