"""Records: what one training was and did, in two files that anyone may open.

`record.json` holds everything but numbers of the training itself; those, which may be NaN or
infinite, are in `arrays.safetensors`:

| key | shape | meaning |
|---|---|---|
| `initial_weights/PATH`, `final_weights/PATH` | of the variable | before the first step, after the last |
| `initial_outputs/LAYER` | (probe rows, ...) | each layer's output on the probe batch, inference mode |
| `initial/METRIC` | () | loss and metrics on the probe batch, before training |
| `gradients/PATH` | of the variable | of the loss on the first training batch, training mode |
| `losses` | (steps,) | the loss of each step's batch |
| `history/METRIC` | (epochs,) | as `fit` reports them; `val_` for the validation rows |
| `test/METRIC` | () | on the test rows, at the end |
| `optimizer/PATH` | of the slot | optimizer variables at the end |
| `predictions` | (probe rows, ...) | after training, on the first test rows |
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from multibackend.errors import MultibackendError, RecordError
from multibackend.experiment import Profile, name_file, shorten_name

SCHEMA_VERSION = 1
RECORD_FILE = "record.json"
ARRAYS_FILE = "arrays.safetensors"

Status = Literal["finished", "failed", "not-run"]


@dataclass(frozen=True)
class Run:
    """Which training this is: what identifies a record among others, and what two of a pair must share.

    `perturbation` 0 is the training itself; k > 0 the k-th repetition with the initial weights
    moved by one unit in the last place, which measures how far rounding alone carries.
    """

    experiment: str
    backend: str
    precision: str
    profile: Profile
    seed: int
    perturbation: int = 0

    @property
    def folder(self) -> Path:
        """Where the record lies, below `records/`."""
        suffix = f"-perturbed-{self.perturbation}" if self.perturbation else ""
        return Path(name_file(self.experiment)) / f"{self.backend}-{self.precision}{suffix}"

    def __str__(self) -> str:
        suffix = f" perturbed {self.perturbation}" if self.perturbation else ""
        return f"{shorten_name(self.experiment)} {self.backend} {self.precision}{suffix}"


@dataclass(frozen=True)
class Record:
    """One training, as it went."""

    run: Run
    status: Status
    reason: str = ""
    fingerprint: str = ""
    plan: dict[str, int] = field(default_factory=dict)
    diverges: bool = False
    mends: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    structure: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    wall_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    schema_version: int = SCHEMA_VERSION
    arrays: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays under `prefix/`, keyed by the rest of their names."""
        start = prefix + "/"
        return {key[len(start) :]: value for key, value in self.arrays.items() if key.startswith(start)}


def save_record(record: Record, records: Path) -> Path:
    """Write a record below `records`, whole or not at all; an older one of the same run is replaced.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    target = records / record.run.folder
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.parent))
        try:
            header = asdict(replace(record, arrays={}))
            del header["arrays"]
            text = json.dumps(header, indent=2, allow_nan=False) + "\n"
            (scratch / RECORD_FILE).write_text(text, encoding="utf-8")
            arrays = {key: np.asarray(value, order="C") for key, value in record.arrays.items()}
            save_file(arrays, scratch / ARRAYS_FILE)
            if target.exists():
                shutil.rmtree(target)
            scratch.replace(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise MultibackendError(
            f"record {record.run}: can't be written to {target}: {error}. Give another --output, or make room."
        ) from error
    return target


def load_record(folder: Path) -> Record:
    """Read one record.

    Raises:
        RecordError: a file is missing, truncated, foreign, or of another schema version.
    """
    try:
        header = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        version = header.get("schema_version") if isinstance(header, dict) else None
        if version != SCHEMA_VERSION:
            raise RecordError(f"record {folder}: schema version {version!r}; expected {SCHEMA_VERSION}. Train again.")
        if set(header) != {f.name for f in fields(Record)} - {"arrays"}:
            raise RecordError(f"record {folder}: its fields are not a record's; train again, or give another folder.")
        run = Run(**header.pop("run"))
        mends = tuple(header.pop("mends"))
        return Record(run=run, mends=mends, arrays=load_file(folder / ARRAYS_FILE), **header)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise RecordError(
            f"record {folder}: truncated or foreign ({error}); train again, or give another folder."
        ) from error


def find_records(root: Path) -> Iterator[Path]:
    """Folders at or below `root` that hold a record, sorted; unfinished writing is left out."""
    for path in sorted(root.rglob(RECORD_FILE)):
        if not any(part.startswith(".writing-") for part in path.parts):
            yield path.parent
