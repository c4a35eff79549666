"""Saving: a trained model as Keras' own file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from multibackend.engine.workarounds import optimizer_saved_by_public_name
from multibackend.records.record import MODEL_FILE


def save_model(model: Any) -> tuple[dict[str, bytes], str, tuple[str, ...]]:
    """The model's `.keras` file, optimizer included; or why Keras can't save it; and the workarounds that it took."""
    with tempfile.TemporaryDirectory() as folder, optimizer_saved_by_public_name(model) as workarounds:
        path = Path(folder) / MODEL_FILE
        try:
            model.save(path)
        except Exception as error:  # a model that can't be saved has been trained all the same
            return {}, f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}", ()
        return {MODEL_FILE: path.read_bytes()}, "", workarounds
