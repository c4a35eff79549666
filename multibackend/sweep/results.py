"""Results: the outcomes of a backend's cases, in parts on disk, each a JSON file and a file of arrays.

A worker writes a part every few cases, so that a crash loses no more than those since the last. The JSON file is
written last, and both are written whole or not at all: a part with a JSON file is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from multibackend.errors import MultibackendError
from multibackend.files import write_whole
from multibackend.typed import read_typed

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True)
class Outcome:
    """The result of one case on one backend in one precision: its arrays, or what it raised.

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


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """An outcome in the JSON file of a part: everything but its arrays."""

    case: str
    backend: str
    precision: str
    error: str
    dtypes: dict[str, str]
    seconds: float


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON file of a part."""

    schema_version: Literal[1]
    outcomes: tuple[Row, ...]


def save_part(folder: Path, number: int, outcomes: Iterable[Outcome]) -> None:
    """Write a part.

    Raises:
        MultibackendError: it can't be written.
    """
    gathered = list(outcomes)
    arrays: dict[str, np.ndarray] = {}
    for i, outcome in enumerate(gathered):
        for kind in ("arrays", "moved"):
            arrays |= {f"{i}|{kind}|{k}": np.asarray(v, order="C") for k, v in getattr(outcome, kind).items()}
    rows = tuple(Row(**{name: getattr(outcome, name) for name in Row.__struct_fields__}) for outcome in gathered)
    header = msgspec.json.format(msgspec.json.encode(Header(SCHEMA_VERSION, rows)), indent=1)
    try:
        write_whole(folder / f"part-{number:03}.safetensors", save(arrays))
        write_whole(folder / f"part-{number:03}.json", header + b"\n")
    except OSError as error:
        raise MultibackendError(f"sweep results {folder}: can't be written: {error}. Give another --output.") from error


def load_parts(folder: Path) -> list[Outcome]:
    """Load all outcomes in a folder, in the order of writing.

    Raises:
        MultibackendError: a file is truncated or foreign.
    """
    outcomes: list[Outcome] = []
    for path in sorted(folder.glob("part-*.json")):
        header = read_typed(path, Header, "sweep results", "sweep again")
        arrays = _load_arrays(path.with_suffix(".safetensors"))
        for i, row in enumerate(header.outcomes):
            base, moved = (arrays.get((str(i), kind), {}) for kind in ("arrays", "moved"))
            outcomes.append(Outcome(**msgspec.structs.asdict(row), arrays=base, moved=moved))
    return outcomes


def _load_arrays(path: Path) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """Load a part's arrays by name, for each outcome's number and kind of array."""
    grouped: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    try:
        for key, array in load_file(path).items():
            number, kind, name = key.split("|", 2)
            grouped.setdefault((number, kind), {})[name] = array
    except (OSError, ValueError, SafetensorError) as error:
        raise MultibackendError(f"sweep results {path}: truncated or foreign ({error}); sweep again.") from error
    return grouped
