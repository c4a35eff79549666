"""Files and folders: whole or not at all, and never lost between an old one and a new one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from multibackend import files
from multibackend.files import is_unfinished, replace_folder, restore_folders, write_whole, writing_file
from multibackend.files.reading import opened_folder
from multibackend.files.writing import made_folder, write_within


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        write_whole(tmp_path / "a" / "b.txt", content)
        assert (tmp_path / "a" / "b.txt").read_bytes() == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_what_fails_in_between_leaves_the_old_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "b.txt", b"old")
    with pytest.raises(ZeroDivisionError), writing_file(tmp_path / "b.txt") as scratch:
        scratch.write_bytes(b"half")
        raise ZeroDivisionError
    assert (tmp_path / "b.txt").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def make_folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "content").write_text(content)
    return path


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    target = make_folder(tmp_path / "target", "old")
    replace_folder(make_folder(tmp_path / ".writing-1", "new"), target)
    assert (target / "content").read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("moves", "found"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_command_killed_at_any_moment_loses_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int, found: str
) -> None:
    """After so many of the moves, no further step is made."""
    target = make_folder(tmp_path / "target", "old")
    done: list[Path] = []
    move = Path.replace

    def count(path: Path, to: Path) -> Path:
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(path)
        return move(path, to)

    def stop(*_: object, **__: object) -> None:
        if len(done) == moves > 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", count)
        patch.setattr(shutil, "rmtree", stop)
        replace_folder(make_folder(tmp_path / ".writing-1", "new"), target)
    restore_folders([tmp_path])
    assert (target / "content").read_text() == found
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_being_written_or_replaced_is_no_result(tmp_path: Path) -> None:
    for name, unfinished in ((f"{files.WRITING}1", True), (f"{files.REPLACED}x", True), ("x", False)):
        assert is_unfinished(tmp_path / name / "record.json", tmp_path) == unfinished
        assert not is_unfinished(tmp_path / name / "record.json", tmp_path / name)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(b"foreign")
    (tmp_path / "own").symlink_to("foreign")
    with opened_folder(tmp_path) as folder:
        write_within(folder, "own", b"own")
        with made_folder("made", within=folder) as made:
            write_within(made, "file", b"new")
        (tmp_path / "link").symlink_to("made")
        with pytest.raises(OSError), made_folder("link", within=folder):
            pass
    assert (tmp_path / "foreign").read_bytes() == b"foreign"
    assert not (tmp_path / "own").is_symlink()
    assert (tmp_path / "made/file").read_bytes() == b"new"


def test_half_a_file_of_a_killed_command_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{files.WRITING}1").write_text("half")
    (tmp_path / f"{files.WRITING}2").mkdir()
    (tmp_path / f"{files.WRITING}3").symlink_to(tmp_path)
    (tmp_path / "whole").write_text("whole")
    restore_folders([tmp_path])
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
