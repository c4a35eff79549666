"""Saving: a trained model as Keras' own file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from multibackend.engine.workarounds import optimizer_saved_by_public_name
from multibackend.records.record import MODEL_FILE


@dataclass(frozen=True)
class Saved:
    """A model's `.keras` file by its name, optimizer included, and the workarounds that saving took.

    Without a file, `problem` says why Keras can't save the model; it is empty where nobody asked for one.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    problem: str = ""
    workarounds: tuple[str, ...] = ()


def save_model(model: Any) -> Saved:
    """Save a model as Keras does; one that Keras can't save has been trained all the same, and raises nothing."""
    with tempfile.TemporaryDirectory() as folder, optimizer_saved_by_public_name(model) as workarounds:
        path = Path(folder) / MODEL_FILE
        try:
            model.save(path)
        except Exception as error:  # Keras raises what the model's own code raises
            return Saved(problem=f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}")
        return Saved({MODEL_FILE: path.read_bytes()}, workarounds=workarounds)
