"""Interchange: what a backend makes of the models that each backend saved, in predictions and in further training.

Arrays of the record: `predictions/BACKEND.i` on the probe rows, and in float64 `continued/BACKEND`, the losses of
training that goes on where BACKEND stopped. `structure["unloaded"]` says of a backend why its file can't be loaded.
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

from multibackend import BACKENDS
from multibackend.archive import (
    ASSETS,
    CONFIG,
    WEIGHTS,
    Refused,
    check_weights,
    most_bytes,
    read_members,
    write_archive,
)
from multibackend.engine.contract import as_data, predict
from multibackend.record import MODEL_FILE, Record, Run
from multibackend.saved_config import read_config
from multibackend.training import Built, compile_first_step, continue_training
from multibackend.upstream import optimizer_saved_by_public_name

LARGEST_NUMBER = 8
"""Bytes."""


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
            model._symbolic_build(data_batch=as_data(b.first_batch))  # a file holds its metrics unbuilt
        except Exception as error:  # whatever keeps a file from being loaded is what this is to find
            unloaded[backend] = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
            continue
        arrays |= {f"predictions/{backend}.{i}": value for i, value in predict(model, b.probe.inputs).items()}
        if run.precision == "float64" and backend != run.backend:
            arrays[f"continued/{backend}"] = continue_training(model, compile_first_step(run.backend, model), b)
    return Record(run=run, status="finished", digests=b.digests, structure={"unloaded": unloaded}, arrays=arrays)


def load_model(path: Path, like: Any) -> Any:
    """A saved model, with its optimizer; classes and functions are those that `like`, the user's own model, uses.

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
    safely = SafeModeScope(safe_mode=True)  # what the user's file may have switched off outdoes load_model's argument
    with tempfile.TemporaryDirectory() as folder, safely, keras.saving.custom_object_scope(_list_own(like)):
        checked = Path(folder) / MODEL_FILE
        write_archive(checked, members)
        return keras.saving.load_model(checked, safe_mode=True)


def _configure(model: Any) -> Any:
    """What Keras would save of a model as its configuration."""
    import keras

    with optimizer_saved_by_public_name(model):
        return keras.saving.serialize_keras_object(model)


def _check_assets(members: Mapping[str, bytes], model: Any) -> None:
    """Let layers of Keras alone read files of the archive: what code of the user's would make of them is unknown."""
    assets = [name for name in members if name.startswith(ASSETS)]
    keep = {type(layer) for layer in model._flatten_layers() if hasattr(layer, "save_assets")}
    if assets and not (keep and all(cls.__module__.startswith("keras.") for cls in keep)):
        raise Refused(f"it holds {assets[0]!r}, which no layer of Keras in this model reads")


def _list_own(model: Any) -> dict[str, Any]:
    """Classes and functions in a compiled model that aren't Keras' own, by name."""
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
