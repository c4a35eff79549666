"""Data in an `.npz` file: the arrays of a `Dataset`, named as a record's digests name them.

`training.inputs`, `training.targets`, perhaps `training.sample_weights`, the same for `test` and `validation`; with the
name or number of the array where there are several, `training.inputs.left` or `training.inputs.0`. A file with `x`
and `y` (and perhaps `sample_weight`) is trained and tested on these rows.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.experiments.arrays import leaves
from multibackend.experiments.experiment import PARTS, Dataset, Split
from multibackend.files import write_whole

SPLITS = ("training", "test", "validation")
NOTES = "notes"
"""Where a file that we write keeps what was done to the arrays before."""

SHORT = {"x": "inputs", "y": "targets", "sample_weight": "sample_weights"}


def as_dataset(given: Any, where: str) -> Dataset:
    """A `Dataset` from what a user gives: one; or a `Split` or (x, y[, sample_weight]), to train and to test on.

    Raises:
        MultibackendError: it is nothing of these, or its arrays don't fit together.
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, tuple) and len(given) in (2, 3) and not any(isinstance(part, Split) for part in given):
        given = Split(*given)
    if isinstance(given, Split):
        return Dataset(training=given, test=given)
    got = f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__
    raise MultibackendError(
        f"{where} gave {got}; expected a Dataset, a Split, or a tuple (x, y) or (x, y, sample_weight) of NumPy arrays."
    )


def save_dataset(data: Dataset, folder: Path) -> Path:
    """Write a dataset to a file of the folder that is named for its content; return its path."""
    arrays = {
        ".".join(filter(None, (name, part, key))): array
        for name in SPLITS
        if (split := getattr(data, name)) is not None
        for part in PARTS
        for key, array in leaves(getattr(split, part))
    }
    if data.notes:
        arrays[NOTES] = np.array(data.notes)
    digest = hashlib.sha256()
    for key, array in arrays.items():
        digest.update(f"{key} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    path = folder / f"{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # names are arrays', not options
        try:
            write_whole(path, buffer.getvalue())
        except OSError as error:
            raise MultibackendError(
                f"data {path}: can't be written ({error.strerror}); give another output folder."
            ) from error
    return path


def load_dataset(path: Path) -> Dataset:
    """Read a dataset from an `.npz` file.

    Raises:
        MultibackendError: it can't be read, or its arrays have other names.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file}
            notes = tuple(map(str, arrays.pop(NOTES, ())))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MultibackendError(f"data {path}: can't be read as .npz ({error}); write it with numpy.savez.") from error
    if set(arrays) <= set(SHORT):
        arrays = {f"training.{SHORT[key]}": array for key, array in arrays.items()}
    splits = {name: _gather(arrays, name) for name in SPLITS}
    known = {key for key in arrays for name in SPLITS for part in PARTS if f"{key}.".startswith(f"{name}.{part}.")}
    if known != set(arrays) or splits["training"] is None:
        raise MultibackendError(
            f"data {path}: holds {', '.join(sorted(arrays)) or 'nothing'}; expected x and y, or training.inputs, "
            "training.targets, test.inputs and so on."
        )
    training = replace(splits["training"], notes=(*notes, *splits["training"].notes))
    return Dataset(training, splits["test"] or training, splits["validation"])


def _gather(arrays: dict[str, np.ndarray], name: str) -> Split | None:
    parts: list[Any] = []
    for part in PARTS:
        prefix = f"{name}.{part}"
        found = {key[len(prefix) + 1 :]: array for key, array in arrays.items() if f"{key}.".startswith(f"{prefix}.")}
        if "" in found:
            parts.append(found[""])
        elif found and all(key.isdigit() for key in found):
            parts.append([found[str(i)] for i in range(len(found)) if str(i) in found])
        else:
            parts.append(found or None)
    return None if parts[0] is None or parts[1] is None else Split(*parts)
