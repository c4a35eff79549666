"""Results: what a backend's cases gave, in parts on disk, each a JSON file and the arrays beside it.

A worker writes a part every few cases, so that a crash loses no more than those since the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from multibackend.errors import MultibackendError

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Outcome:
    """What came of one case on one backend in one precision: its arrays, or what it raised.

    `moved` are its arrays with the inputs moved by rounding; `dtypes` are those that the arrays had on their backend.
    """

    case: str
    backend: str
    precision: str
    error: str = ""
    dtypes: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    moved: Mapping[str, np.ndarray] = field(default_factory=dict)


def save_part(folder: Path, number: int, outcomes: Iterable[Outcome]) -> None:
    """Write a part.

    Raises:
        MultibackendError: it can't be written.
    """
    gathered = list(outcomes)
    arrays: dict[str, np.ndarray] = {}
    rows: list[dict[str, Any]] = []
    for i, outcome in enumerate(gathered):
        for kind in ("arrays", "moved"):
            arrays |= {f"{i}|{kind}|{k}": np.asarray(v, order="C") for k, v in getattr(outcome, kind).items()}
        rows.append({k: v for k, v in asdict(outcome).items() if k not in ("arrays", "moved")})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(arrays, folder / f"part-{number:03}.safetensors")
        text = json.dumps({"schema_version": SCHEMA_VERSION, "outcomes": rows}, indent=1) + "\n"
        (folder / f"part-{number:03}.json").write_text(text, encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise MultibackendError(f"sweep results {folder}: can't be written: {error}. Give another --output.") from error


def load_parts(folder: Path) -> list[Outcome]:
    """All outcomes in a folder, in the order of writing.

    Raises:
        MultibackendError: a file is truncated or foreign.
    """
    outcomes: list[Outcome] = []
    for path in sorted(folder.glob("part-*.json")):
        try:
            header = json.loads(path.read_text(encoding="utf-8"))
            if header["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema version {header['schema_version']}; expected {SCHEMA_VERSION}")
            arrays = load_file(path.with_suffix(".safetensors"))
            grouped: dict[tuple[str, str], dict[str, np.ndarray]] = {}
            for key, array in arrays.items():
                number, kind, name = key.split("|", 2)
                grouped.setdefault((number, kind), {})[name] = array
            for i, row in enumerate(header["outcomes"]):
                base, moved = (grouped.get((str(i), kind), {}) for kind in ("arrays", "moved"))
                outcomes.append(Outcome(**row, arrays=base, moved=moved))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise MultibackendError(f"sweep results {path}: truncated or foreign ({error}); sweep again.") from error
    return outcomes
