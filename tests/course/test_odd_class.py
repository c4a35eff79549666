"""A class of odd students, each with another oddity, graded as a teacher does: the others are graded as if alone."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from fakes.stage import hear_interrupts, make_keras_in_numpy

from multibackend.course.exercise import find
from multibackend.course.names import unescape

BACKEND = "torch"
A1 = find("A1")
RIGHT = A1.source.encode()
ENVIRONMENT = {**os.environ, "MULTIBACKEND_LANGUAGE": "en", "KERAS_BACKEND": BACKEND}
"""What the commands are given; `_backend` adds a stand-in for Keras."""

RIGHT_BUT_ODD = {
    "mark": b"\xef\xbb\xbf" + RIGHT,
    "cookie": b"# coding: latin-1\n# \xe9\n" + RIGHT,
    "carriage": RIGHT.replace(b"\n", b"\r\n"),
    "Jos\udce9": RIGHT,
    "Zoë Müller 李雷": RIGHT,
    "Zoe\u0308": RIGHT,
    "Zo\u00eb": RIGHT,
    "good": RIGHT,
    "Good": RIGHT,
    "=HYPERLINK(1)": RIGHT,
    "-Anne": RIGHT,
    "'-Anne": RIGHT,
    "\uff1d1+1": RIGHT,
    " @SUM(1)": RIGHT,
    "x;=1+1": RIGHT,
    "--output": RIGHT,
    "a..": RIGHT,
    "a\nb": RIGHT,
    "\x1b[31mred\x1b]0;title\x07": RIGHT,
    "\u202egnp.py": RIGHT,
    "x" * 255: RIGHT,
    "`<b>`": RIGHT,
    "con": RIGHT,
}
"""Students with all marks, whatever they or their editors are called."""

WRONG = {
    "surrogate": rb'raise ValueError("\ud800 and \udce9")',
    "escapes": rb'raise ValueError("\x1b[31mred\x1b[2J\x07\n```\n# <script>")',
    "fences": b'raise ValueError("`" * 400)',
    "silent": b"class Silent(Exception):\n    def __str__(self):\n        raise self\n\nraise Silent",
    "named": rb'raise type("\x1b[31mE\ud800\n", (Exception,), {})("x")',
    "memory": b"raise MemoryError",
    "recursion": b"raise RecursionError",
    "leaving": b"raise SystemExit(0)",
    "generator": b"raise GeneratorExit",
    "nested": b"(" * 100_000,
    "unary": b"-" * 200_000 + b"1",
    "syntax": b"def make_layer(:",
    "empty": b"",
    "huge_number": b"def make_layer():\n    return 10 ** 5000",
    "deep_list": b"def make_layer():\n    x = []\n    for _ in range(5000):\n        x = [x]\n    return x",
    "odd_class": rb"def make_layer():" b"\n    " rb'return type("\x1b[31m\nX", (), {"units": "\x1b\ud800" * 99})()',
    "parent": b"import os, signal\n\nos.kill(os.getppid(), signal.SIGKILL)",
    "aborts": b"import os\n\nos.abort()",
}
"""Students with no marks, whose files are read and run."""

UNREAD = {
    "binary": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0"), "no text"),
    "latin": (lambda path: path.write_bytes(b"# \xe9"), "no text"),
    "utf16": (lambda path: path.write_text("x = 1", encoding="utf-16"), "no text"),
    "nul": (lambda path: path.write_bytes(RIGHT + b"\0"), "no text"),
    "large": (lambda path: path.touch() or os.truncate(path, 1 << 30), "too large"),
    "folder": (os.mkdir, "no file"),
    "pipe": (os.mkfifo, "no file"),
    "socket": (lambda path: _bind(path), "no file"),
    "link": (lambda path: path.symlink_to(A1.path), "no file"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "no file"),
    "loop": (lambda path: path.symlink_to(path.name), "no file"),
    "hard_link": (lambda path: os.link(path.parents[2] / "solution.py", path), "hard link"),
    "nothing": (str, "missing"),
}
"""Students without a file that is read, and the status that says so."""

LEFT_OUT = ("linked", ".hidden", "feedback", A1.filename)


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.fixture
def school(tmp_path, monkeypatch):
    """A folder with a class in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solution.py").write_bytes(RIGHT)
    (tmp_path / "class").mkdir()
    for student, content in {**RIGHT_BUT_ODD, **WRONG}.items():
        (tmp_path / "class" / student).mkdir()
        (tmp_path / "class" / student / A1.filename).write_bytes(content)
    for student, (make, _) in UNREAD.items():
        (tmp_path / "class" / student).mkdir()
        make(tmp_path / "class" / student / A1.filename)
    for name in LEFT_OUT[1:3]:
        (tmp_path / "class" / name).mkdir()
        (tmp_path / "class" / name / A1.filename).write_bytes(RIGHT)
    (tmp_path / "class/linked").symlink_to("good")
    (tmp_path / "class" / A1.filename).write_bytes(RIGHT)
    return tmp_path


@pytest.fixture(autouse=True)
def _backend(tmp_path_factory, monkeypatch):
    """Each oddity is one of names, files and words, whatever computes."""
    for name, value in make_keras_in_numpy(tmp_path_factory.mktemp("stand_in")).items():
        monkeypatch.setitem(ENVIRONMENT, name, value)


def grade(folder, code=0, language="en"):
    """Grade A1 of the class with one examiner; returns what is said, and the rows of the table by student."""
    command = [sys.executable, "-m", "multibackend", "grade", "class", "--exercise", "A1", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--backend", BACKEND, "--language", language],
        cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, timeout=900, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    assert all(line.isprintable() for line in said.splitlines()), said
    return said, read_rows(folder)


def read_rows(folder):
    text = (folder / "grades.csv").read_bytes().decode()
    assert text.replace("\r\n", "").isprintable()
    rows = list(csv.DictReader(text.splitlines()))
    by_student = {unescape(row["student"].removeprefix("'")): row for row in rows}
    assert len(by_student) == len(rows)
    return by_student


def expected_rows():
    return {
        **dict.fromkeys(RIGHT_BUT_ODD, ("graded", "5", "5")),
        **dict.fromkeys(WRONG, ("graded", "0", "5")),
        **{student: (status, "0", "5") for student, (_, status) in UNREAD.items()},
    }


def shorten(rows):
    return {student: (row["status"], row["marks"], row["most"]) for student, row in rows.items()}


def dismiss_but(school, *students):
    """Leave only some students in the class."""
    for place, student in enumerate(list((school / "class").iterdir())):
        if student.name not in students:
            student.rename(school / f"dismissed{place}")


@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
def test_each_oddity_is_one_students_alone(school):
    said, rows = grade(school)
    assert shorten(rows) == expected_rows()
    for name in LEFT_OUT:
        assert any("left out" in line and name in line for line in said.splitlines())
    pages = list((school / "feedback").rglob("*.md"))
    assert len(pages) == len(rows)
    assert len({unicodedata.normalize("NFKC", str(page)).casefold() for page in pages}) == len(pages)
    for page in pages:
        text = page.read_bytes().decode()
        assert all(line.isprintable() for line in text.splitlines()), page
        assert text.splitlines()[2] == text.splitlines()[-1]
    table = (school / "grades.csv").read_bytes()
    said, again = grade(school, language="fr")
    assert f"{len(rows)} notés, dont {len(rows)} auparavant" in said
    assert (school / "grades.csv").read_bytes() == table
    assert again == rows


@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
def test_an_altered_row_is_graded_again_and_all_others_stay(school):
    dismiss_but(school, "good", "empty")
    grade(school)
    table = school / "grades.csv"
    table.write_text(table.read_text().replace("empty,A1,torch,graded,0,5", "empty,A1,torch,graded,5,5"))
    said, rows = grade(school)
    assert "altered since they were written" in said
    assert "empty, A1 on torch: 0/5 (2 of 2); before: 5/5" in said
    assert "2 graded, 1 of them before" in said
    assert rows["empty"]["marks"] == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
def test_an_interruption_loses_nothing(school):
    dismiss_but(school, "good", "Good", "empty", "=HYPERLINK(1)", "surrogate", "link", "unary")
    (school / "class/surrogate" / A1.filename).write_bytes(b"while True:\n    pass\n")
    command = [sys.executable, "-m", "multibackend", "grade", "class", "--backend", BACKEND, "--jobs", "1"]
    pipes = {"stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=school, env=ENVIRONMENT, preexec_fn=hear_interrupts, **pipes) as process:
        for line in process.stderr:
            if "good, A1 on" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert line.strip() == "multibackend: interrupted"
    rows = read_rows(school)
    assert list(rows) == ["=HYPERLINK(1)", "Good", "empty", "good"]
    assert all(row == expected_rows()[student] for student, row in shorten(rows).items())
