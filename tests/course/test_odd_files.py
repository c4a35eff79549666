"""A student's own file or progress that can't be read is one line, in either language, and nothing waits for it."""

from __future__ import annotations

import os
import socket

import pytest
from click.testing import CliRunner

from multibackend.cli import main
from multibackend.course.exercise import find
from multibackend.course.workbook import PROGRESS_FILE, Workbook, read_own
from multibackend.errors import MultibackendError

A1 = find("A1")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


ODD = {
    "missing": str,
    "folder": os.mkdir,
    "pipe": os.mkfifo,
    "socket": make_socket,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "large": lambda path: path.touch() or os.truncate(path, 1 << 30),
    "binary": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0"),
    "latin": lambda path: path.write_bytes(b"# \xe9"),
    "nul": lambda path: path.write_bytes(b"a\0b"),
}
NAMES = ("mine.py", "Jos\udce9\x1b[31m\n.py")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("command", ["check", "watch", "draw"])
@pytest.mark.parametrize("name", NAMES, ids=["plain", "odd"])
@pytest.mark.parametrize("oddity", ODD)
def test_an_odd_file_is_one_line(oddity, name, command, language, folder):
    ODD[oddity](folder / name)
    done = CliRunner().invoke(main, [command, "A1", name, "--language", language])
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.isprintable()
    assert line.startswith("multibackend: error: ")
    assert ("multibackend start A1" if oddity == "missing" else "UTF-8") in line or oddity == "dangling"


@pytest.mark.parametrize(
    ("content", "source"), [(b"\xef\xbb\xbfx = 1", "x = 1"), (b"# coding: cp1252\n'\x80'", "# coding: cp1252\n'€'")]
)
def test_what_python_reads_is_read(content, source, folder):
    (folder / "own.py").write_bytes(content)
    (folder / "link.py").symlink_to("own.py")
    os.link("own.py", "hard_link.py")
    assert {read_own(A1, folder / name, "en") for name in ("own.py", "link.py", "hard_link.py")} == {source}


@pytest.mark.parametrize(
    "content", ["(" * 100_000, "-" * 200_000 + "1", "def pictures(:"], ids=["nested", "unary", "syntax"]
)
def test_a_file_that_is_no_python_draws_nothing(content, folder):
    (folder / "own.py").write_text(content)
    done = CliRunner().invoke(main, ["draw", "A12", "own.py"])
    assert done.exit_code == 1
    assert "expected Python" in done.output
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize(
    "make_odd",
    [
        os.mkdir,
        os.mkfifo,
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_bytes(b"\xe9"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text('{"A1": {"marks": "5", "most": 5, "hints": 0, "solved": []}}'),
        lambda path: path.write_text('{"A1": {"marks": 5, "most": 5, "hints": 0, "solved": ["\\u001b[31m"]}}'),
        lambda path: path.write_text('{"A1": {"marks": 5, "most": 5, "hints": true, "solved": []}}'),
    ],
)
@pytest.mark.parametrize("command", [["progress"], ["hint", "A1"]], ids=["progress", "hint"])
def test_odd_progress_is_one_line(command, make_odd, folder):
    make_odd(folder / PROGRESS_FILE)
    with pytest.raises(MultibackendError, match="remove that file"):
        Workbook(folder).progress()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.isprintable()
