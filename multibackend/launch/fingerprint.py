"""The fingerprint: a sum over all that decides a training's numbers.

While it stays the same, a finished record needs no new training. Files that aren't listed here train nothing:
editing them keeps every record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from multibackend.experiments.reference import parse_reference
from multibackend.launch.probing import Interpreter
from multibackend.launch.settings import Settings

TRAINING = ("experiments", "datasets", "draws", "engine", "train", "records/schema.py")
"""The folders and files of `multibackend` that decide what a training computes, and what its record holds of it."""

JUDGING = ("checks", "words")
"""The folders of a course that train nothing: the checks and the words of its exercises."""

SUMS = ("_data/SHA256SUMS", "../data/SHA256SUMS")
"""Where the sums of a package's data lie: inside an installed package, and beside it in a repository."""


def fingerprint(interpreter: Interpreter, settings: Settings, experiments: Sequence[str]) -> str:
    """Compute two SHA-256 sums over what decides a training's numbers, each cut to 32 digits, with a dash between.

    The first covers the device, threads and workarounds, the record's schema, the sources that train as this
    interpreter finds them, the files of each reference `file.py:name` and what they import from beside them, the sums
    of our data, and where the user's data lie. It is the same for every backend. The second covers the versions that
    are installed for the interpreter.
    """
    from multibackend.records.record import SCHEMA_VERSION

    own = [reference for name in experiments if (reference := parse_reference(name))]
    files = [*list_sources(interpreter.folders), *(file for reference in own for file in reference.files)]
    decides = {
        "settings": [settings.device, settings.threads, settings.workarounds, SCHEMA_VERSION],
        "files": sorted({_digest(path) for path in files if path.is_file()}),
        "data": os.environ.get("MULTIBACKEND_DATA", ""),
    }
    return "-".join(
        hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:32]
        for part in (decides, interpreter.versions)
    )


def list_sources(folders: Mapping[str, str]) -> Iterator[Path]:
    """List the files of `multibackend` and of each course that decide a training's numbers, given their folders."""
    for name, folder in folders.items():
        package = Path(folder)
        if name == "multibackend":
            for place in TRAINING:
                yield from [package / place] if place.endswith(".py") else (package / place).rglob("*.py")
        else:
            yield from (path for path in package.rglob("*.py") if path.parent.name not in JUDGING)
        yield from (package / place for place in SUMS)


def _digest(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
