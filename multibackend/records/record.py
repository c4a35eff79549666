"""Records: everything that one training was and did, in two files that anyone may open.

`record.json` holds everything but the numbers of the training itself. These may be NaN or infinite, and are in
`arrays.safetensors`:

| key | shape | meaning |
|---|---|---|
| `initial_weights/PATH`, `final_weights/PATH` | of the variable | before the first step, after the last |
| `initial_outputs/LAYER` | (probe rows, ...) | each layer's output on the probe batch, inference mode |
| `initial/METRIC` | () | loss and metrics on the probe batch, before training |
| `gradients/PATH` | of the variable | of the loss on the first training batch, training mode |
| `updates/PATH` | of the variable | what the first step adds to it, float64 |
| `slots/PATH` | of the slot | optimizer variables after the first step |
| `losses` | (steps,) | the loss of each step's batch |
| `history/METRIC` | (epochs,) | as `fit` reports them; `val_` for the validation rows |
| `test/METRIC` | () | on the test rows, at the end |
| `optimizer/PATH` | of the slot | optimizer variables at the end |
| `predictions/OUTPUT` | (probe rows, ...) | after training, on the first test rows |
| `continued` | (some steps,) | the loss of each step's batch, had training gone on |

Beside them lies `model.keras`, the trained model as Keras saves it. `train/layerwise.py` and `train/interchange.py`
give the arrays of the other tasks. `record.json` holds the SHA-256 of each other file, and its own, so that a record
that was altered after it was written is refused. `schema.py` defines its fields, and `compare/contents.py` the arrays
that must be there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from multibackend.errors import MultibackendError, RecordError
from multibackend.files import WRITING, is_unfinished, replace_folder
from multibackend.files.reading import digest_file
from multibackend.records.array_file import StoredArrays
from multibackend.records.header import digest_header, parse_header
from multibackend.records.reading import open_regular, read_regular
from multibackend.records.run import Run as Run  # records' own, for their users
from multibackend.records.schema import MOST_CHARACTERS
from multibackend.records.schema import Status as Status
from multibackend.records.schema import Task as Task
from multibackend.text import sanitize

SCHEMA_VERSION = 4
RECORD_FILE = "record.json"
ARRAYS_FILE = "arrays.safetensors"
MODEL_FILE = "model.keras"
"""The trained model as Keras saves it, beside the record of a training: the other backends load it."""

MOST_HEADER_BYTES = 1 << 24
"""The largest `record.json`, 16 MiB; those of the course have 10 kB."""

MOST_MODEL_BYTES = 1 << 34

PROBE_ROWS = 32
"""Rows of the test split on which initial outputs and final predictions are recorded, where there are so many."""

CONTINUED_STEPS = 3
"""Steps beyond the training, where there are so many full batches: the second shows what the first made of the
optimizer's slots."""


@dataclass(frozen=True)
class Record:
    """The record of one run. `sums` holds the SHA-256 of each other file beside `record.json`, once it is saved."""

    run: Run
    status: Status
    reason: str = ""
    fingerprint: str = ""
    plan: dict[str, int] = field(default_factory=dict)
    diverges: bool = False
    workarounds: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    structure: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    wall_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    schema_version: int = SCHEMA_VERSION
    sums: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """Read the arrays under `prefix/`, keyed by the rest of their names."""
        start = prefix + "/"
        return {key[len(start) :]: self.arrays[key] for key in self.arrays if key.startswith(start)}

    def read(self, groups: Collection[str]) -> Record:
        """Read the arrays of these groups into memory, and leave out all others."""
        keys = [key for key in self.arrays if key.split("/")[0] in groups]
        stored = self.arrays.read(keys) if isinstance(self.arrays, StoredArrays) else self.arrays
        return replace(self, arrays={key: stored[key] for key in keys})


def save_record(record: Record, records: Path) -> Path:
    """Write a record below `records`, whole or not at all; an older one of the same run is replaced.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    target = records / record.run.folder
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=WRITING, dir=target.parent))
        try:
            arrays = {key: np.asarray(value, order="C") for key, value in record.arrays.items()}
            save_file(arrays, scratch / ARRAYS_FILE)
            for name, content in record.files.items():
                (scratch / name).write_bytes(content)
            (scratch / RECORD_FILE).write_text(_write_header(record, scratch), encoding="utf-8")
            replace_folder(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise MultibackendError(
            f"record {record.run}: can't be written to {target}: {error}. Give another --output, or make room."
        ) from error
    return target


def _write_header(record: Record, folder: Path) -> str:
    """Format `record.json`, with the sums of the files that lie in the folder."""
    sums = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            sums[path.name] = digest_file(file)
    reason = record.reason[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    header = asdict(replace(record, reason=reason, sums=sums, arrays={}, files={}))
    del header["arrays"], header["files"]
    header = json.loads(json.dumps(header, allow_nan=False))  # as it will be read: tuples become lists
    return json.dumps(header | {"sha256": digest_header(header)}, indent=2, allow_nan=False) + "\n"


def load_record(folder: Path) -> Record:
    """Read one record; its arrays stay on disk until they are asked for.

    Raises:
        RecordError: a file is missing, truncated, foreign, altered since it was written, or of another schema version.
    """
    try:
        header = parse_header(read_regular(folder / RECORD_FILE, MOST_HEADER_BYTES), SCHEMA_VERSION)
        if header.pop("sha256") != digest_header(header):
            raise RecordError(f"{RECORD_FILE}: altered after it was written; expected what its sha256 stands for")
        arrays = StoredArrays(folder / ARRAYS_FILE)
        run, workarounds = msgspec.convert(header.pop("run"), Run), tuple(header.pop("workarounds"))
        record = Record(run=run, workarounds=workarounds, arrays=arrays, **header)
        _check_files(record, arrays, folder)
        _check_status(record)
    except RecordError as error:
        place = sanitize(str(folder), 300)
        raise RecordError(f"record {place}: {error}. Train again, or give another folder.") from error
    return record


def _check_files(record: Record, arrays: StoredArrays, folder: Path) -> None:
    """Check the files against the sums in `record.json`."""
    found = {ARRAYS_FILE: arrays.digest}
    if MODEL_FILE in record.sums or os.path.lexists(folder / MODEL_FILE):
        with open_regular(folder / MODEL_FILE, MOST_MODEL_BYTES) as file:
            found[MODEL_FILE] = digest_file(file)
    for name in sorted(found.keys() | record.sums.keys()):
        if name not in found or name not in record.sums:
            which = "not named" if name in found else f"named {sanitize(name, 60)!r}, which is none of a record's files"
            raise RecordError(f"{RECORD_FILE}: sums: {name if name in found else 'a file'} is {which}")
        if found[name] != record.sums[name]:
            raise RecordError(
                f"{name}: altered after it was written: its SHA-256 is {found[name][:12]}...; "
                f"{RECORD_FILE} says {record.sums[name][:12]}..."
            )


def _check_status(record: Record) -> None:
    """Check that a training that didn't finish left nothing."""
    if record.status == "finished":
        return
    left = [name for name in ("structure", "arrays", "digests") if getattr(record, name)]
    left += [MODEL_FILE] * (MODEL_FILE in record.sums)
    if left:
        raise RecordError(
            f"{RECORD_FILE}: status is {record.status!r}, but there is {', '.join(left)}; expected none of a training "
            "that did not finish"
        )


def find_records(root: Path) -> Iterator[Path]:
    """Find the folders at or below `root` that hold a record, sorted; those still being written are left out."""
    for path in sorted(root.rglob(RECORD_FILE)):
        if not is_unfinished(path, root):
            yield path.parent
