"""Data: find a file, verify it against its sum, and load it; what the repository doesn't hold is fetched once.

A file is looked for in the folder that the environment variable `MULTIBACKEND_DATA` names, in the
repository's `data/` (inside an installed package, `_data/`), and in the cache folder, `MULTIBACKEND_CACHE`
or `~/.cache/multibackend`. CIFAR-10 and California housing are fetched when they lie in none of these, and kept
in the cache. Whatever its source, nothing is returned whose sum is not the expected one.
Each call returns fresh arrays, which the caller may change.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

import multibackend
from multibackend.datasets.checksums import ARCHIVES, TABLES
from multibackend.datasets.download import fetch_california, fetch_cifar10
from multibackend.errors import DataUnavailable, MultibackendError
from multibackend.files import writing_file
from multibackend.paths import cache_folder

if TYPE_CHECKING:
    import pandas as pd

State = Literal["present", "missing", "wrong checksum"]
Images = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


FETCH = {"cifar10.npz": fetch_cifar10, "california_housing.npz": fetch_california}
"""What the repository doesn't hold, and how it is fetched."""


def load_houses() -> pd.DataFrame:
    """200 houses: `size` in m2, `nb_rooms`, `price` in Guinean francs; synthetic."""
    return _load_table("houses.csv")


def load_tumors() -> pd.DataFrame:
    """320 tumours: `size` in mm, `p53_concentration`, `is_malignant` 0 or 1, half of each; synthetic."""
    return _load_table("tumors.csv")


def load_mnist() -> Images:
    """Handwritten digits: x_train (60000, 28, 28), y_train (60000,), x_test, y_test (10000 rows), uint8."""
    arrays = _load_archive("mnist.npz")
    return arrays["x_train"], arrays["y_train"], arrays["x_test"], arrays["y_test"]


def load_cifar10() -> Images:
    """Small photographs: x_train (50000, 32, 32, 3), y_train (50000, 1), x_test, y_test (10000 rows), uint8.

    Raises:
        DataUnavailable: it is in no folder and can't be fetched.
    """
    arrays = _load_archive("cifar10.npz")
    return arrays["x_train"], arrays["y_train"][:, np.newaxis], arrays["x_test"], arrays["y_test"][:, np.newaxis]


def load_california() -> tuple[np.ndarray, np.ndarray]:
    """California's districts in 1990: data (20640, 8), median house value (20640,) in 100,000 dollars, float64.

    Raises:
        DataUnavailable: it is in no folder and can't be fetched.
    """
    arrays = _load_archive("california_housing.npz")
    return arrays["data"], arrays["target"]


def load_breast_cancer() -> tuple[np.ndarray, np.ndarray]:
    """Wisconsin's breast cancers, as scikit-learn ships them: data (569, 30) float64, target (569,), 1 for benign."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)  # type: ignore[no-any-return]


def data_status() -> list[tuple[str, State, str]]:
    """Each data set's name, its state, and where it lies or how to fix it; the network is never touched."""
    rows = [_file_status(file) for file in (*TABLES, *ARCHIVES)]
    bundled = importlib.util.find_spec("sklearn") is not None
    where = "in scikit-learn" if bundled else "pip install scikit-learn"
    return [*rows, ("breast cancer", "present" if bundled else "missing", where)]


def _file_status(file: str) -> tuple[str, State, str]:
    path = find_file(file)
    if path is None:
        return file, "missing", _advise(file)
    try:
        _read_table(path) if file in TABLES else _read_archive(path)
    except MultibackendError as error:
        return file, "wrong checksum", str(error)
    return file, "present", str(path)


def data_folders() -> list[Path]:
    """Where files are looked for, in order."""
    named = os.environ.get("MULTIBACKEND_DATA")
    return [*([Path(named).expanduser()] if named else []), _own_folder(), cache_folder()]


def _own_folder() -> Path:
    package = Path(multibackend.__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def find_file(file: str) -> Path | None:
    """Look for a file in the data folders, in order; it isn't read."""
    return next((folder / file for folder in data_folders() if (folder / file).is_file()), None)


def _load_table(file: str) -> pd.DataFrame:
    import pandas as pd

    path = find_file(file)
    if path is None:
        raise _unavailable(file, "the repository should hold it")
    return pd.read_csv(io.BytesIO(_read_table(path)))


def _read_table(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MultibackendError(f"data {path}: can't be read ({error}). {_advise(path.name)}") from error
    _check(path, "SHA-256", hashlib.sha256(content).hexdigest(), TABLES[path.name])
    return content


def _load_archive(file: str) -> dict[str, np.ndarray]:
    path = find_file(file)
    if path is not None:
        return _read_archive(path)
    if file not in FETCH:
        raise _unavailable(file, "the repository should hold it")
    try:
        arrays = FETCH[file]()
    except DataUnavailable as error:
        raise _unavailable(file, str(error)) from error
    target = cache_folder() / file
    _verify(target, arrays)
    with contextlib.suppress(OSError):  # the arrays are good; without a cache the next run fetches them again
        _keep(target, arrays)
    return arrays


def _read_archive(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in ARCHIVES[path.name]}
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise MultibackendError(
            f"data {path}: truncated or foreign ({error}). Remove that file. {_advise(path.name)}"
        ) from error
    # Keras gives CIFAR-10's labels as a column; others keep them as a row. Both hold the same bytes.
    arrays = {key: a.reshape(-1) if a.shape == (len(a), 1) else a for key, a in arrays.items()}
    _verify(path, arrays)
    return arrays


def _verify(path: Path, arrays: dict[str, np.ndarray]) -> None:
    for key, expected in ARCHIVES[path.name].items():
        array = np.ascontiguousarray(arrays[key])
        got = f"{array.shape} {array.dtype}"
        _check(path, f"array {key}", got, f"{expected.shape} {expected.dtype}")
        _check(path, f"array {key}, SHA-256", hashlib.sha256(array.data.cast("B")).hexdigest(), expected.sha256)


def _check(path: Path, what: str, got: str, expected: str) -> None:
    if got != expected:
        raise MultibackendError(
            f"data {path}: {what}: got {got}; expected {expected}. Remove that file. {_advise(path.name)}"
        )


def _keep(target: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the archive whole or not at all."""
    with writing_file(target) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


def _advise(file: str) -> str:
    if file in FETCH:
        return f"Run once with a network, or set MULTIBACKEND_DATA to a folder that holds {file}."
    return f"`git checkout -- data/{file}`, or installing multibackend anew, restores it."


def _unavailable(file: str, why: str) -> DataUnavailable:
    looked = ", ".join(str(folder) for folder in data_folders())
    return DataUnavailable(f"data {file}: not in {looked}; {why}. {_advise(file)}")
