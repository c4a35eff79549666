"""Built-in data: find a file, verify it against its sum, and load it; some files are fetched once.

A file is looked for in the folder that the environment variable `MULTIBACKEND_DATA` names, in the repository's `data/`
(inside an installed package, `_data/`), and in the cache folder, `MULTIBACKEND_CACHE` or `~/.cache/multibackend`. The
repository doesn't hold CIFAR-10 and California housing: they are fetched when they lie in none of these folders, and
kept in the cache. Whatever the source, data with another sum than the expected one are refused. Each call returns fresh
arrays, which the caller may change.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import zipfile
import zlib
from dataclasses import dataclass
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
INSTALL_SKLEARN = "pip install scikit-learn"
Images = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


FETCH = {"cifar10.npz": fetch_cifar10, "california_housing.npz": fetch_california}
"""The files that the repository doesn't hold, and how each is fetched."""


@dataclass(frozen=True)
class DataState:
    """A data set's state on this machine; `place` is the path where it lies, `cure` what to do where it is missing."""

    name: str
    state: State
    place: str = ""
    cure: str = ""


def load_houses() -> pd.DataFrame:
    """Load 200 houses: `size` in m2, `nb_rooms`, `price` in Guinean francs; synthetic."""
    return _load_table("houses.csv")


def load_tumors() -> pd.DataFrame:
    """Load 320 tumours: `size` in mm, `p53_concentration`, `is_malignant` 0 or 1, half of each; synthetic."""
    return _load_table("tumors.csv")


def load_mnist() -> Images:
    """Load handwritten digits: x_train (60000, 28, 28), y_train (60000,), x_test, y_test (10000 rows), uint8."""
    arrays = _load_archive("mnist.npz")
    return arrays["x_train"], arrays["y_train"], arrays["x_test"], arrays["y_test"]


def load_cifar10() -> Images:
    """Load small photographs: x_train (50000, 32, 32, 3), y_train (50000, 1), x_test, y_test (10000 rows), uint8.

    Raises:
        DataUnavailable: it is in no folder and can't be fetched.
    """
    arrays = _load_archive("cifar10.npz")
    return arrays["x_train"], arrays["y_train"][:, np.newaxis], arrays["x_test"], arrays["y_test"][:, np.newaxis]


def load_california() -> tuple[np.ndarray, np.ndarray]:
    """Load California's districts in 1990: data (20640, 8), median house value (20640,) in 100,000 dollars, float64.

    Raises:
        DataUnavailable: it is in no folder and can't be fetched.
    """
    arrays = _load_archive("california_housing.npz")
    return arrays["data"], arrays["target"]


def load_breast_cancer() -> tuple[np.ndarray, np.ndarray]:
    """Load Wisconsin's breast cancers from scikit-learn: data (569, 30) float64, target (569,), 1 for benign."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)  # type: ignore[no-any-return]


def data_status() -> list[DataState]:
    """List each data set with its state; the network is never touched."""
    rows = [_file_status(file) for file in (*TABLES, *ARCHIVES)]
    bundled = importlib.util.find_spec("sklearn") is not None
    name = "breast cancer"
    last = (
        DataState(name, "present", "in scikit-learn") if bundled else DataState(name, "missing", cure=INSTALL_SKLEARN)
    )
    return [*rows, last]


def _file_status(file: str) -> DataState:
    path = find_file(file)
    if path is None:
        return DataState(file, "missing", cure=_advise(file))
    try:
        _read_table(path) if file in TABLES else _read_archive(path)
    except MultibackendError as error:
        return DataState(file, "wrong checksum", str(path), str(error))
    return DataState(file, "present", str(path))


def data_folders() -> list[Path]:
    """List the folders in which files are looked for, in order."""
    named = os.environ.get("MULTIBACKEND_DATA")
    return [*([Path(named).expanduser()] if named else []), _own_folder(), cache_folder()]


def _own_folder() -> Path:
    package = Path(multibackend.__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def find_file(file: str) -> Path | None:
    """Find a file in the data folders, in order; it isn't read."""
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
    """Keep an archive in the cache; it is written whole or not at all."""
    with writing_file(target) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


def _advise(file: str) -> str:
    """Say how to get a file, ending with what to type."""
    if file in FETCH:
        return f"Run once with a network, or name a folder that holds {file}: export MULTIBACKEND_DATA=DIR"
    if _own_folder().name == "_data":
        return "Install multibackend anew: pip install --force-reinstall --no-deps multibackend"
    return f"Restore it: git checkout -- data/{file}"


def _unavailable(file: str, why: str) -> DataUnavailable:
    looked = ", ".join(str(folder) for folder in data_folders())
    return DataUnavailable(f"data {file}: not in {looked}; {why}. {_advise(file)}")
