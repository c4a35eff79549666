"""A worker is started with what is installed, not with what lies in the working folder."""

from __future__ import annotations

import sys
import time

import pytest

from multibackend.launch.probing import probe_all
from multibackend.launch.request import Request, start_worker
from multibackend.launch.settings import Settings

HIJACKED = ("numpy", "keras", "json", "random", "socket", "tempfile", "multiprocessing", "matplotlib", "sitecustomize")


@pytest.fixture
def records(tmp_path, monkeypatch):
    """A working folder of records from elsewhere, with modules in it that leave a mark when they are imported."""
    mark = tmp_path / "imported"
    folder = tmp_path / "records"
    folder.mkdir()
    for name in HIJACKED:
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r}); raise SystemExit(1)\n")
    monkeypatch.chdir(folder)
    return mark


def test_a_worker_takes_no_module_from_the_working_folder(records, tmp_path):
    request = Request("jax", sys.executable, Settings(device="cpu"), "", tmp_path / "output", ())
    child = start_worker(request)
    deadline = time.monotonic() + 120
    events = []
    while not child.has_exited and time.monotonic() < deadline and {"event": "end"} not in events:
        events += child.read_events()
        time.sleep(0.05)
    child.close()
    assert not records.exists(), records.read_text()


def test_nor_does_asking_an_interpreter(records):
    assert probe_all({"jax": sys.executable})
    assert not records.exists(), records.read_text()
