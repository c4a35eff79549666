"""Records: what one training was and did, in two files that anyone may open.

`record.json` holds everything but numbers of the training itself; those, which may be NaN or
infinite, are in `arrays.safetensors`:

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
| `predictions` | (probe rows, ...) | after training, on the first test rows |
| `continued` | (some steps,) | the loss of each step's batch, had training gone on |

Beside them lies `model.keras`, the trained model as Keras saves it. A record of another task than training holds what
`localization.py` or `interchange.py` say.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from multibackend.errors import MultibackendError, RecordError
from multibackend.experiment import Profile, name_file, shorten_name
from multibackend.files import WRITING, is_unfinished, replace_folder

SCHEMA_VERSION = 2
RECORD_FILE = "record.json"
ARRAYS_FILE = "arrays.safetensors"
MODEL_FILE = "model.keras"
"""The trained model as Keras saves it, beside the record of a training: what the other backends load."""

Status = Literal["finished", "failed", "not-run"]

Task = Literal["training", "trace", "isolation", "interchange"]
"""What a run does.

`trace`: one training step, what passes through each layer; `isolation`: the same step with each layer alone on what
was traced; `interchange`: predictions and further steps of the models that the backends saved.
"""


@dataclass(frozen=True)
class Run:
    """Which training this is: what identifies a record among others, and what two of a pair must share.

    `perturbation` 0 is the training itself; k > 0 the k-th repetition with the initial weights
    moved by one unit in the last place, which measures how far rounding alone carries. `task` other than "training"
    is a closer look at it.
    """

    experiment: str
    backend: str
    precision: str
    profile: Profile
    seed: int
    perturbation: int = 0
    task: Task = "training"

    @property
    def folder(self) -> Path:
        """Where the record lies, below `records/`."""
        suffix = f"-perturbed-{self.perturbation}" if self.perturbation else ""
        suffix += f"-{self.task}" if self.task != "training" else ""
        return Path(name_file(self.experiment)) / f"{self.backend}-{self.precision}{suffix}"

    def __str__(self) -> str:
        suffix = f" perturbed {self.perturbation}" if self.perturbation else ""
        suffix += f" {self.task}" if self.task != "training" else ""
        return f"{shorten_name(self.experiment)} {self.backend} {self.precision}{suffix}"


class StoredArrays(Mapping[str, np.ndarray]):
    """The arrays of a file, each read when it is asked for and not kept: a thousand records cost no memory.

    Raises:
        RecordError: the file is missing, truncated or foreign, now or when an array is asked for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            self._keys = tuple(file.keys())

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self._keys:
            raise KeyError(key)
        return self.read([key])[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def read(self, keys: Iterable[str]) -> dict[str, np.ndarray]:
        """These arrays, in memory."""
        with self._open() as file:
            return {key: file.get_tensor(key) for key in keys}

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with safe_open(self._path, framework="numpy") as file:
                yield file
        except (OSError, SafetensorError) as error:
            raise _broken(self._path.parent, error) from error


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
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays under `prefix/`, keyed by the rest of their names."""
        start = prefix + "/"
        return {key[len(start) :]: self.arrays[key] for key in self.arrays if key.startswith(start)}

    def read(self, groups: Collection[str]) -> Record:
        """The same record with the arrays of these groups in memory, and no others."""
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
            header = asdict(replace(record, arrays={}, files={}))
            del header["arrays"], header["files"]
            text = json.dumps(header, indent=2, allow_nan=False) + "\n"
            (scratch / RECORD_FILE).write_text(text, encoding="utf-8")
            arrays = {key: np.asarray(value, order="C") for key, value in record.arrays.items()}
            save_file(arrays, scratch / ARRAYS_FILE)
            for name, content in record.files.items():
                (scratch / name).write_bytes(content)
            replace_folder(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise MultibackendError(
            f"record {record.run}: can't be written to {target}: {error}. Give another --output, or make room."
        ) from error
    return target


def load_record(folder: Path) -> Record:
    """Read one record; its arrays stay on disk until they are asked for.

    Raises:
        RecordError: a file is missing, truncated, foreign, or of another schema version.
    """
    try:
        header = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        version = header.get("schema_version") if isinstance(header, dict) else None
        if version != SCHEMA_VERSION:
            raise RecordError(f"record {folder}: schema version {version!r}; expected {SCHEMA_VERSION}. Train again.")
        if set(header) != {f.name for f in fields(Record)} - {"arrays", "files"}:
            raise RecordError(f"record {folder}: its fields are not a record's; train again, or give another folder.")
        run = Run(**header.pop("run"))
        mends = tuple(header.pop("mends"))
        return Record(run=run, mends=mends, arrays=StoredArrays(folder / ARRAYS_FILE), **header)
    except (OSError, ValueError, TypeError) as error:
        raise _broken(folder, error) from error


def _broken(folder: Path, error: Exception) -> RecordError:
    return RecordError(f"record {folder}: truncated or foreign ({error}); train again, or give another folder.")


def find_records(root: Path) -> Iterator[Path]:
    """Folders at or below `root` that hold a record, sorted; unfinished writing is left out."""
    for path in sorted(root.rglob(RECORD_FILE)):
        if not is_unfinished(path, root):
            yield path.parent
