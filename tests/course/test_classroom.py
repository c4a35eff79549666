"""An oddity in a class's folder is said of one student, and ends nothing."""

from __future__ import annotations

import os
import socket

import pytest

from multibackend.course.classroom import LARGEST_BYTES, LeftOut, NoText, decode, read_classroom, read_submission
from multibackend.course.exercise import find
from multibackend.errors import MultibackendError

A1 = find("A1")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        ("é = '層'".encode(), "é = '層'"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (b"# -*- coding: latin-1 -*-\n# \xe9", "# -*- coding: latin-1 -*-\n# é"),
        (b"#!/bin/py\n# vim: set fileencoding=cp1252 :\n'\x80'", "#!/bin/py\n# vim: set fileencoding=cp1252 :\n'€'"),
        (b"x = 1\r\ny = 2\r", "x = 1\r\ny = 2\r"),
    ],
)  # fmt: skip
def test_text_is_what_python_takes_for_text(content, text):
    assert decode(content) == text
    compile(content, "x.py", "exec")


@pytest.mark.parametrize(
    "content",
    [
        b"# \xe9", b"\xff\xfex\0", "x = 1".encode("utf-16-le"), b"a\0b", b"\x89PNG\r\n\x1a\n",
        b"# coding: nothing-known\n", b"# coding: rot13\nk", b"# coding: zlib\nk", b"\xef\xbb\xbf# coding: latin-1\n",
        b"# coding: unicode_escape\n# \\ud800", b"# coding: utf-7\n# +2AA-", b"# coding: punycode\n" + b"a" * 1000,
    ],
)  # fmt: skip
def test_no_text_is_no_text(content):
    with pytest.raises(NoText):
        decode(content)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    ("make_odd", "status"),
    [
        (str, "missing"),
        (os.mkdir, "no file"),
        (os.mkfifo, "no file"),
        (make_socket, "no file"),
        (lambda path: path.symlink_to(A1.path), "no file"),
        (lambda path: path.symlink_to("nowhere"), "no file"),
        (lambda path: path.symlink_to("/dev/zero"), "no file"),
        (lambda path: path.write_bytes(b"#" * (LARGEST_BYTES + 1)), "too large"),
        (lambda path: path.touch() or os.truncate(path, 1 << 30), "too large"),
        (lambda path: path.write_bytes(b"\xe9"), "no text"),
        (lambda path: path.write_text("") or os.link(path, path.with_name("other")), "hard link"),
        (lambda path: path.write_bytes(b"#" * LARGEST_BYTES), "graded"),
    ],
)
def test_a_submission_is_a_plain_file(make_odd, status, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / A1.filename
    make_odd(path)
    found = read_submission(path)
    assert (found.status, found.source is None) == (status, status != "graded")


def test_what_is_no_students_folder_is_named(tmp_path):
    for name in ("ana", "empty", ".hidden", "feedback", "Feedback"):
        (tmp_path / name).mkdir()
        (tmp_path / name / A1.filename).write_text("")
    (tmp_path / "empty" / A1.filename).unlink()
    (tmp_path / "link").symlink_to(tmp_path / "ana")
    (tmp_path / A1.filename).write_text("")
    (tmp_path / ".DS_Store").write_text("")
    classroom = read_classroom(tmp_path, [A1], demanded=False)
    assert [entry.student for entry in classroom.entries] == ["ana"]
    assert {one.name: one.reason for one in classroom.left_out} == {
        ".hidden": "hidden", "feedback": "feedback", "Feedback": "feedback",
        "link": "link", A1.filename: "file", "empty": "empty",
    }  # fmt: skip
    classroom = read_classroom(tmp_path, [A1], demanded=True)
    assert [(entry.student, entry.status) for entry in classroom.entries] == [("ana", "graded"), ("empty", "missing")]


def test_a_folder_that_vanishes_is_its_students_alone(tmp_path, monkeypatch):
    for name in ("ana", "bo", "cy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / A1.filename).write_text("")

    real = os.open

    def open_but_bo(path, *arguments, **more):
        if path == "bo":
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", open_but_bo)
    classroom = read_classroom(tmp_path, [A1], demanded=False)
    assert [entry.student for entry in classroom.entries] == ["ana", "cy"]
    assert classroom.left_out == (LeftOut("bo", "unreadable"),)
    classroom = read_classroom(tmp_path, [A1], demanded=True)
    assert [entry.status for entry in classroom.entries] == ["graded", "unreadable", "graded"]


@pytest.mark.parametrize("make_class", [str, os.mkdir, lambda path: path.write_text("")])
def test_a_class_is_a_folder_of_folders(make_class, tmp_path):
    make_class(tmp_path / "class")
    with pytest.raises(MultibackendError, match="expected"):
        read_classroom(tmp_path / "class", [A1], demanded=True)
