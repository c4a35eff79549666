"""The output folder: one command at a time, and what it says of the other."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from multibackend import MultibackendError
from multibackend.launch import output_folder
from multibackend.launch.output_folder import LOCK_FILE, OutputFolder, open_folder


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_folder, "WAIT_SECONDS", 0.2)


def refusal_of(folder: Path) -> str:
    with pytest.raises(MultibackendError) as refused, open_folder(folder):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_folder_is_made_absolute_and_can_be_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with open_folder(Path("a/b")) as folder:
            assert folder.path == tmp_path / "a/b"
            assert folder.notice == ""
    assert [path.name for path in folder.path.iterdir()] == [LOCK_FILE]


def test_a_folder_that_is_open_is_refused_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_folder(tmp_path / "real"):
        for name in ("real", "link"):
            said = refusal_of(tmp_path / name)
            assert said.startswith(f"output folder {tmp_path / name}: in use by process {os.getpid()} on ")
            assert said.endswith("wait for its end, or give another folder with --output DIR.")
    with open_folder(tmp_path / "link"):
        pass


def test_a_command_that_left_something_running_is_called_so(tmp_path: Path) -> None:
    with open_folder(tmp_path):
        pass
    words = json.loads((tmp_path / LOCK_FILE).read_text())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / LOCK_FILE).write_text(json.dumps({**words, "pid": ended.pid}))
    with (tmp_path / LOCK_FILE).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert f"in use by what is left of process {ended.pid} on " in refusal_of(tmp_path)


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"pid": "x"}', '{"pid": 1, "host": "\\u001b[2J"}'])
def test_a_lock_file_with_other_words_is_still_a_lock(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK_FILE).write_text(content)
    with (tmp_path / LOCK_FILE).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "in use by another command; wait" in refusal_of(tmp_path)


def test_another_commands_words_have_no_effect_in_a_terminal(tmp_path: Path) -> None:
    command = {"pid": os.getpid(), "host": "h", "since": "12:00", "command": "\x1b[2Jtrain\n" + "x" * 1000}
    (tmp_path / LOCK_FILE).write_text(json.dumps(command))
    with (tmp_path / LOCK_FILE).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = refusal_of(tmp_path)
    assert "(train xxx" in said
    assert len(said) < 500


def test_where_there_are_no_locks_work_goes_on_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open_folder(tmp_path) as folder:
        assert folder == OutputFolder(tmp_path, None)
        assert "has no locks; start no second command there" in folder.notice


def test_only_what_commands_left_in_their_own_places_is_tidied(tmp_path: Path) -> None:
    left = [tmp_path / "records/A/.writing-1", tmp_path / "seed-1/records/A/.writing-2", tmp_path / ".writing-3"]
    another = tmp_path / "another/records/A/.writing-4"
    for folder in (*left, another):
        folder.mkdir(parents=True)
    with open_folder(tmp_path):
        assert [folder.exists() for folder in (*left, another)] == [False, False, False, True]
