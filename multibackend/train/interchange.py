"""Interchange: the models that each backend saved, loaded on this one, which predicts with them and trains them on.

The record holds the arrays `predictions/BACKEND.i` on the probe rows, and in float64 `continued/BACKEND`, the losses of
training that goes on where BACKEND stopped. `structure["unloaded"]` says why a backend's file can't be loaded.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.engine.backends import BACKENDS
from multibackend.engine.loop import predict
from multibackend.engine.model import as_data
from multibackend.engine.workarounds import optimizer_saved_by_public_name
from multibackend.records.record import MODEL_FILE, Record, Run
from multibackend.train.archive import (
    ASSETS,
    CONFIG,
    WEIGHTS,
    Refused,
    check_weights,
    most_bytes,
    read_members,
    write_archive,
)
from multibackend.train.build import Built, compile_first_step
from multibackend.train.measure import continue_training
from multibackend.train.saved_config import read_config

LARGEST_NUMBER = 8
"""The bytes of the largest number in a variable."""


def interchange_record(run: Run, b: Built, sources: Sequence[Path]) -> Record:
    """Load each backend's model; predict with it, and train it further."""
    arrays: dict[str, np.ndarray] = {}
    unloaded: dict[str, str] = {}
    for backend in BACKENDS:
        folder = replace(run, backend=backend, task="training").folder
        path = next((p for source in sources if (p := source / folder / MODEL_FILE).is_file()), None)
        if path is None:
            continue
        try:
            model = load_model(path, b.model)
            model._symbolic_build(data_batch=as_data(b.first_batch))  # Keras saves metrics unbuilt
        except Exception as error:  # whatever keeps a file from being loaded is a result
            unloaded[backend] = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
            continue
        arrays |= {f"predictions/{backend}.{i}": value for i, value in predict(model, b.probe.inputs).items()}
        if run.precision == "float64" and backend != run.backend:
            arrays[f"continued/{backend}"] = continue_training(model, compile_first_step(run.backend, model), b)
    return Record(run=run, status="finished", digests=b.digests, structure={"unloaded": unloaded}, arrays=arrays)


def load_model(path: Path, like: Any) -> Any:
    """Load a saved model with its optimizer; its classes and functions are those of `like`, the user's own model.

    Raises:
        Refused: the file isn't what Keras saves of a model such as `like`; see `archive.py`.
    """
    import keras
    from keras.src.saving.serialization_lib import SafeModeScope

    most = most_bytes(sum(math.prod(v.shape) * LARGEST_NUMBER for v in like.variables))
    members = read_members(path, most)
    members[CONFIG] = json.dumps(read_config(members[CONFIG], _configure(like))).encode()
    check_weights(members[WEIGHTS], most)
    _check_assets(members, like)
    # The user's file may have switched safe mode off, which has precedence over load_model's argument.
    safely = SafeModeScope(safe_mode=True)
    with tempfile.TemporaryDirectory() as folder, safely, keras.saving.custom_object_scope(_list_own(like)):
        checked = Path(folder) / MODEL_FILE
        write_archive(checked, members)
        return keras.saving.load_model(checked, safe_mode=True)


def _configure(model: Any) -> Any:
    """Return the configuration that Keras would save of a model."""
    import keras

    with optimizer_saved_by_public_name(model):
        return keras.saving.serialize_keras_object(model)


def _check_assets(members: Mapping[str, bytes], model: Any) -> None:
    """Let only layers of Keras read files of the archive: the user's code might do anything with them."""
    assets = [name for name in members if name.startswith(ASSETS)]
    keep = {type(layer) for layer in model._flatten_layers() if hasattr(layer, "save_assets")}
    if assets and not (keep and all(cls.__module__.startswith("keras.") for cls in keep)):
        raise Refused(f"it holds {assets[0]!r}, which no layer of Keras in this model reads")


def _list_own(model: Any) -> dict[str, Any]:
    """List the classes and functions in a compiled model that aren't Keras' own, by name."""
    import keras

    compiled = model._compile_config.config if model._compile_config else {}
    objects: list[Any] = [*model._flatten_layers(), model.optimizer, *keras.tree.flatten(compiled)]
    for layer in model._flatten_layers():
        objects += [value for value in vars(layer).values() if callable(value)]
    found: dict[str, Any] = {}
    for value in objects:
        named = value if hasattr(value, "__name__") else type(value)
        if not str(getattr(named, "__module__", "keras")).startswith(("keras", "builtins", "numpy")):
            found[named.__name__] = named
    return found
