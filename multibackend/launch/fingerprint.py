"""The fingerprint: a sum over all that decides a training's numbers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from multibackend.experiments.reference import parse_reference
from multibackend.launch.probing import Interpreter

JUDGING = ("compare", "report", "course", "cli", "checks")
"""Folders of the package that train nothing."""


def fingerprint(
    interpreter: Interpreter, device: str, threads: int, workarounds: bool, references: Sequence[str]
) -> str:
    """A SHA-256 sum over what decides a training's numbers: while it stays, a finished record needs no new training.

    It covers the installed versions, the device, threads and workarounds, the record's schema, the
    sources of `multibackend` that train and the exercises as this interpreter finds them, the files of each
    reference `file.py:name` and what they import from beside them (not what is installed), the data's sums, and
    where the user's data lie. Its first half is of all but the versions, and so the same for every backend.
    """
    from multibackend.records.record import SCHEMA_VERSION

    folders = [Path(folder) for _, folder in sorted(interpreter.folders.items())]
    sources = [path for folder in folders for path in folder.rglob("*.py") if path.parent.name not in JUDGING]
    own = [reference for name in references if (reference := parse_reference(name))]
    sources += [file for reference in own for file in reference.files]
    sums = [sums for folder in folders for sums in (folder / "_data/SHA256SUMS", folder.parent / "data/SHA256SUMS")]
    parts = {
        "settings": [device, threads, workarounds, SCHEMA_VERSION],
        "files": sorted({_digest(path) for path in [*sources, *sums] if path.is_file()}),
        "data": os.environ.get("MULTIBACKEND_DATA", ""),
    }
    return "-".join(
        hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:32]
        for part in (parts, interpreter.versions)
    )


def _digest(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
