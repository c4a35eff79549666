"""Files from elsewhere: whatever lies in a file's place is refused at once, with its status, and links as wanted."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from multibackend.files.reading import Links, Unreadable, digest_file, open_plain, opened_folder, read_plain

MOST = 100


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def make_hard_link(path: Path) -> None:
    path.with_name("other").write_bytes(b"other")
    os.link(path.with_name("other"), path)


ODD: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing": (str, "missing", "missing"),
    "folder": (os.mkdir, "no file", "it is a folder"),
    "pipe": (os.mkfifo, "no file", "it is a named pipe"),
    "socket": (make_socket, "no file", "it is a socket"),
    "loop": (lambda path: path.symlink_to(path.name), "no file", "it is a link"),
    "large": (lambda path: path.write_bytes(b"x" * (MOST + 1)), "too large", "it has 101 bytes; expected at most 100"),
    "sparse": (lambda path: path.touch() or os.truncate(path, 1 << 40), "too large", "expected at most 100"),
}


@pytest.mark.parametrize("links", ["any", "hard", "none"])
@pytest.mark.parametrize("oddity", ODD)
def test_an_odd_file_is_refused(oddity: str, links: Links, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, status, detail = ODD[oddity]
    make(tmp_path / "file")
    with pytest.raises(Unreadable) as caught:
        read_plain(tmp_path / "file", MOST, links=links)
    assert caught.value.status == status
    assert detail in caught.value.detail


@pytest.mark.parametrize("links", ["any", "hard", "none"])
def test_links_are_read_as_wanted(links: Links, tmp_path: Path) -> None:
    make_hard_link(tmp_path / "hard")
    (tmp_path / "link").symlink_to("hard")
    (tmp_path / "device").symlink_to("/dev/zero")
    read = {}
    for name in ("hard", "link", "device"):
        try:
            read[name] = read_plain(tmp_path / name, MOST, links=links)
        except Unreadable as error:
            read[name] = error.status
    assert (
        read
        == {
            "any": {"hard": b"other", "link": b"other", "device": "no file"},
            "hard": {"hard": b"other", "link": "no file", "device": "no file"},
            "none": {"hard": "hard link", "link": "no file", "device": "no file"},
        }[links]
    )


def test_a_file_that_grows_meanwhile_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * MOST)
    real = os.fdopen

    def grow(*arguments: object, **more: object) -> object:
        path.write_bytes(b"x" * (MOST + 1))
        return real(*arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "fdopen", grow)
    with pytest.raises(Unreadable, match="more than 100 bytes"):
        read_plain(path, MOST, links="hard")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"abc")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("folder", "file", "missing"):
        for most in (1, MOST):
            try:
                read_plain(tmp_path / name, most, links="none")
            except Unreadable:
                continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_within_a_folder_nobody_can_put_another_in_its_place(tmp_path: Path) -> None:
    for name in ("own", "foreign"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with opened_folder(tmp_path / "own") as folder:
        (tmp_path / "own").rename(tmp_path / "moved")
        (tmp_path / "own").symlink_to("foreign")
        assert read_plain("file", MOST, links="none", within=folder) == b"own"
    with pytest.raises(OSError), opened_folder(tmp_path / "own"):
        pass


def test_a_sum_is_of_the_whole_file(tmp_path: Path) -> None:
    """Source of the sum: FIPS 180-4, "abc"."""
    (tmp_path / "file").write_bytes(b"abc")
    with open_plain(tmp_path / "file", MOST, links="hard") as file:
        file.read(2)
        assert digest_file(file).startswith("ba7816bf8f01cfea414140de5dae2223")
