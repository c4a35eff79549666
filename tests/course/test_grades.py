"""A table of marks is read as it was written, and no cell of it is a formula."""

from __future__ import annotations

import csv
import os
from dataclasses import replace

import pytest

from multibackend.course.gradebook import opened_gradebook
from multibackend.course.grades import Grade, read_grades, write_grades
from multibackend.errors import MultibackendError
from multibackend.files.reading import opened_folder

NAMES = [
    "ana", "-Anne", "'-Anne", "''-Anne", "'x", "=1+1", " =1+1", '"=1+1', "' =1", "+1", "@SUM(A1)", "\t=1", "\r=1",
    "\n=1", "\uff1d1", "\uff0d1", "\ufe621", "\u22121", "x;=1", 'x";=1', "x,=1", '"', "a\nb", "Jos\udce9", "\x1b[31m",
    "\\", "\u00a0=1", " ana", "ana ",
]  # fmt: skip


def make(name, marks=3, exercise="A1"):
    return Grade.seal(name, exercise, "jax", "graded", marks, 5, "0" * 64)


def write(folder, grades):
    with opened_folder(folder) as descriptor:
        write_grades(descriptor, "grades.csv", grades)
    return folder / "grades.csv"


def test_each_name_keeps_its_row(tmp_path):
    grades = [make(name) for name in NAMES]
    path = write(tmp_path, grades)
    assert list(read_grades(path).values()) == grades
    assert not any(grade.is_altered for grade in grades)
    first = path.read_bytes()
    write(tmp_path, read_grades(path).values())
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_a_formula(separator, tmp_path):
    text = write(tmp_path, [make(name) for name in NAMES]).read_text(encoding="utf-8")
    assert "\x1b" not in text
    for row in csv.reader(text.splitlines(), delimiter=separator):
        for cell in row:
            assert cell.lstrip(" \"'\t")[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20") or cell.startswith("'"), cell
            assert cell.isprintable()


def test_an_altered_row_is_seen():
    grade = make("ana")
    for change in ({"marks": 4}, {"most": 4}, {"student": "bo"}, {"exercise": "A2"}, {"backend": "torch"},
                   {"status": "missing"}, {"fingerprint": "x"}, {"fingerprint": ""}):  # fmt: skip
        assert replace(grade, **change).is_altered
    assert Grade.seal("ana", "A1", "jax", "graded", 6, 5, "0").is_altered


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path):
    path = write(tmp_path, [make("Zoë")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(read_grades(path).values()) == [make("Zoë")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20].replace("graded,", ""),
        lambda _text: "name,mark\r\n",
        lambda text: text.replace(",3,", ",three,"),
        lambda text: text + text.splitlines()[1],
        lambda text: text.replace(",", ";"),
        lambda text: text + '"' + "x" * 200_000,
        lambda text: "\udce9" + text,
    ],
)
def test_another_table_is_refused_in_one_line(damage, tmp_path):
    path = write(tmp_path, [make("ana")])
    path.write_text(damage(path.read_text()), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(MultibackendError, match="no table of grades") as caught:
        read_grades(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("make_odd", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_what_is_no_file_is_refused(make_odd, tmp_path):
    path = tmp_path / "grades.csv"
    make_odd(path)
    with pytest.raises(MultibackendError, match="expected a plain file"):
        read_grades(path)


def test_a_table_that_cannot_be_written_stays_whole(tmp_path):
    path = write(tmp_path, [make("ana")])
    before = path.read_bytes()

    def grades():
        yield make("bo")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, grades())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_one_at_a_time(tmp_path):
    """And the second one is told who has it, whatever it is called."""
    path = tmp_path / "grades.csv"
    with opened_gradebook(path):
        with pytest.raises(MultibackendError, match=r"grades\.csv: in use by process .*; wait for its end"):
            opened_gradebook(path).__enter__()
        with opened_gradebook(tmp_path / "other.csv"):
            pass


@pytest.mark.parametrize(
    "make_odd",
    [os.mkfifo, lambda path: path.symlink_to("teachers"), lambda path: os.link(path.with_name("teachers"), path)],
)
def test_a_lock_is_not_written_through_a_link(make_odd, tmp_path):
    (tmp_path / "teachers").write_text("own")
    make_odd(tmp_path / ".grades.csv.lock")
    with pytest.raises((MultibackendError, OSError)):
        opened_gradebook(tmp_path / "grades.csv").__enter__()
    assert (tmp_path / "teachers").read_text() == "own"
