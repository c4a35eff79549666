import functools
import io
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes.stage import WORKER, bare_python, make_packages, python_path
from rich.console import Console

from multibackend import BACKENDS
from multibackend.cli import main
from multibackend.datasets.builtin import DataState
from multibackend.launch import doctor
from multibackend.launch.doctor import Examination, examine, print_examination

PYTHONS = dict.fromkeys(BACKENDS, sys.executable)


@pytest.fixture(autouse=True)
def _stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path(make_packages(tmp_path / "packages")))
    monkeypatch.delenv("MULTIBACKEND_PYTHON", raising=False)
    monkeypatch.setattr(doctor, "data_status", lambda: [DataState("houses.csv", "present", "/data/houses.csv")])


def show(examination: Examination) -> str:
    screen = io.StringIO()
    print_examination(examination, Console(file=screen, width=160))
    return screen.getvalue()


def test_a_whole_machine_lacks_nothing(tmp_path: Path) -> None:
    examination = examine(PYTHONS, tmp_path / "runs", devices=False)
    text = show(examination)
    assert examination.can_train
    assert examination.cures == []
    assert "Nothing is missing." in text
    assert "jax 9.9.9 + jaxlib 9.9.9" in text
    assert "/data/houses.csv" in text
    assert not (tmp_path / "runs").exists()


def test_each_thing_that_is_missing_is_shown_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path(make_packages(tmp_path / "some", ("jax", "jaxlib", "keras"))))
    missing = DataState("mnist.npz", "missing", cure="Restore it: git checkout")
    monkeypatch.setattr(doctor, "data_status", lambda: [missing])
    python = bare_python(tmp_path)
    examination = examine(
        {"jax": str(python), "tensorflow": str(python), "torch": "/no/python"}, tmp_path, devices=False
    )
    text = show(examination)
    assert examination.can_train
    assert f"{python} -m pip install 'multibackend[tensorflow]'" in text
    assert "backend torch: no Python at /no/python; expected an executable: --python torch=PATH" in text
    assert "data mnist.npz is missing: Restore it: git checkout" in text


def test_devices_are_what_the_workers_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = functools.partial(doctor.start_worker, worker_command=(WORKER,))
    monkeypatch.setattr(doctor, "start_worker", start)
    examination = examine(PYTHONS, tmp_path, devices=True)
    assert [state.device for state in examination.backends] == ["cpu", "cpu", "cpu"]
    assert "device" in show(examination)


def test_a_backend_that_does_not_start_cannot_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no driver')")
    start = functools.partial(doctor.start_worker, worker_command=(str(broken),))
    monkeypatch.setattr(doctor, "start_worker", start)
    examination = examine(PYTHONS, tmp_path, devices=True)
    assert not examination.can_train
    assert "doesn't start (the worker exited with code 1; last words: 'no driver')" in examination.cures[0]


def test_the_command_fails_where_nothing_can_be_trained(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--output", str(tmp_path)])
    assert result.exit_code == 0
    nothing = [part for backend in BACKENDS for part in ("--python", f"{backend}=/no/python")]
    assert CliRunner().invoke(main, ["doctor", *nothing]).exit_code == 1
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["doctor", "--output", str(tmp_path / "file" / "below")])
    assert result.exit_code == 1
    assert "can NOT be written" in result.output


def test_a_driver_that_does_not_answer_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\nexit 9\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "nvidia-smi fails" in doctor._gpus()
    command.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771 MiB'\n")
    assert doctor._gpus() == "NVIDIA H200, 143771 MiB"
    command.unlink()
    assert doctor._gpus().startswith("none (no nvidia-smi)")
