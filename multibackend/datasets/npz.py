"""Data in an `.npz` file: the arrays of a `Dataset`, named as a record's digests name them.

The names are `training.inputs`, `training.targets`, perhaps `training.sample_weights`, and the same for `test` and
`validation`. Where there are several arrays, the key or the number of each follows: `training.inputs.left` or
`training.inputs.0`. A file with `x` and `y` (and perhaps `sample_weight`) is trained and tested on these rows.

A file that we write holds the SHA-256 of its arrays, and is refused when they have another: a disk that was full or a
copy that broke off leaves a file that can still be opened.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import PARTS, SPLITS, Dataset, Split
from multibackend.files import write_whole

NOTES, SUM = "notes", "sha256"
"""The members of a file that we write beside its arrays: what was converted in them before, and their sum."""

SHORT = {"x": "inputs", "y": "targets", "sample_weight": "sample_weights"}


def as_dataset(given: Any, where: str) -> Dataset:
    """Make a `Dataset` of what a user gives: one; or a `Split` or (x, y[, sample_weight]), to train and to test on.

    Raises:
        MultibackendError: it is none of these, or its arrays don't fit together.
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
    """Write a dataset to a file of the folder that is named for its content; return its path.

    A file that is there already is kept if it holds these very arrays, and written anew if not.
    """
    arrays = dict(data.named_arrays())
    if data.notes:
        arrays[NOTES] = np.array(data.notes)
    sum_ = _digest(arrays)
    path = folder / f"{sum_[:16]}.npz"
    if not _holds(path, sum_):
        buffer = io.BytesIO()
        np.savez(buffer, **arrays, **{SUM: np.array(sum_)})  # type: ignore[arg-type]  # names of arrays, not options
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
        MultibackendError: it can't be read, its arrays have other names, or it isn't what we wrote.
    """
    arrays = _read(path)
    if (said := arrays.pop(SUM, None)) is not None and str(said) != _digest(arrays):
        raise MultibackendError(
            f"data {path}: damaged: its arrays have another SHA-256 than it says; remove that file."
        )
    notes = tuple(map(str, arrays.pop(NOTES, ())))
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


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {key: file[key] for key in file}
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise MultibackendError(f"data {path}: can't be read as .npz ({error}); write it with numpy.savez.") from error


def _holds(path: Path, sum_: str) -> bool:
    """Tell if a file holds the arrays with this sum, all of them read."""
    try:
        arrays = _read(path)
    except MultibackendError:
        return False
    return str(arrays.pop(SUM, "")) == sum_ == _digest(arrays)


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = arrays[key]
        digest.update(f"{key} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()


def _gather(arrays: Mapping[str, np.ndarray], name: str) -> Split | None:
    """Put the arrays of a split back into the structure that their names tell; None without inputs and targets."""
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
