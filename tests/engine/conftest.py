"""Fixtures of the engines' tests: the backend of this environment, configured as a worker does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from multibackend import draws
from multibackend.engine.backends import DESCRIPTORS, get_engine
from multibackend.engine.workarounds import apply_workarounds

# A file named for a backend tests what that one alone has.
collect_ignore_glob = [f"test_{name}*.py" for name in DESCRIPTORS if name != keras.backend.backend()]

gc.freeze()  # as a worker does: Keras collects often, and would visit all that was imported

if keras.backend.backend() == "tensorflow":  # it takes a number of threads only before it has run anything
    get_engine("tensorflow").configure("float32", threads=1)


@pytest.fixture(scope="session")
def backend() -> str:
    """The backend that Keras runs on here."""
    return str(keras.backend.backend())


@pytest.fixture(params=["float64", "float32"])
def precision(request: pytest.FixtureRequest, backend: str) -> Iterator[str]:
    """Each precision in turn, in effect as in a training: with the workarounds, and with masks drawn alike."""
    with apply_workarounds(backend, request.param, True), draws.identical_masks():
        get_engine(backend).configure(request.param, threads=1)
        yield request.param


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache of its own, so that none uses what another measured of a compiler."""
    monkeypatch.setenv("MULTIBACKEND_CACHE", str(tmp_path / "cache"))
