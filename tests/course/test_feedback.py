"""Words of a submission have no effect where they are shown, and pages are written nowhere else."""

from __future__ import annotations

import os

import pytest

from multibackend.course.exercise import find
from multibackend.course.feedback import explain, make_page
from multibackend.course.gradebook import opened_gradebook
from multibackend.course.grading import Job, Outcome
from multibackend.course.limits import Limits
from multibackend.course.verdict import Result, Verdict
from multibackend.course.words import LANGUAGES
from multibackend.errors import MultibackendError

A1 = find("A1")
HOSTILE = [
    "\x1b[31mred\x1b[0m", "two\nlines\r\nor three", "```\n# done\n```", "`" * 40, "\ud800", "\u202egnp", "<script>",
    "x" * 10**6, "\x00", "{name}", "a\u2028b",
]  # fmt: skip
REASONS = ["wrong", "missing", "raised", "not loaded", "not written", "ended", "time", "not run"]


def make_outcome(text, reason, line=1):
    verdicts = tuple(Verdict(point, reason, text, text, line) for point in A1.points())
    return Outcome(Job("ana", A1, "jax", "graded", ""), Result(verdicts))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_page_shows_what_a_submission_says_and_no_more(text, reason, language):
    page = make_page(make_outcome(text, reason), language, Limits())
    lines = page.splitlines()
    fence = lines[2]
    assert set(fence) == {"`"}
    assert [line for line in lines if line.lstrip().startswith(fence)] == [fence, fence]
    assert lines[-1] == fence
    assert all(line.isprintable() and len(line) < 700 for line in lines)
    page.encode("utf-8")


@pytest.mark.parametrize("line", [-1, 0, 10**9, 10**4000])
def test_a_line_that_no_file_has_is_not_shown(line):
    outcome = make_outcome("x", "raised", line)
    assert not any("line" in shown for shown in explain(outcome.result, A1.words("en"), "en", Limits()))


def test_a_page_is_written_through_no_link(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback/ana").symlink_to(elsewhere)
    outcome = make_outcome("x", "met")
    with opened_gradebook(tmp_path / "grades.csv") as book:
        kept = book.take(outcome, lambda: "page", "ana")
        assert "feedback/ana/A1-jax.md" in kept.fault
        (grade,) = book.grades.values()
        assert (grade.marks, grade.status) == (5, "graded")
        assert not outcome.job.is_graded(book.grades)  # so that another run writes the page
    assert not list(elsewhere.iterdir())
    (tmp_path / "feedback/ana").unlink()
    (tmp_path / "feedback/ana").mkdir()
    (elsewhere / "kept").write_text("kept")
    (tmp_path / "feedback/ana/A1-jax.md").symlink_to(elsewhere / "kept")
    with opened_gradebook(tmp_path / "grades.csv") as book:
        assert book.take(outcome, lambda: "page", "ana").fault == ""
        assert outcome.job.is_graded(book.grades)
    assert (elsewhere / "kept").read_text() == "kept"
    assert (tmp_path / "feedback/ana/A1-jax.md").read_text() == "page"


def test_a_page_that_cannot_be_made_is_that_students_alone(tmp_path):
    with opened_gradebook(tmp_path / "grades.csv") as book:
        assert "MemoryError" in book.take(make_outcome("x", "met"), lambda: exec("raise MemoryError"), "ana").fault


@pytest.mark.parametrize("make_odd", [os.mkfifo, lambda path: path.symlink_to("class"), lambda path: path.touch()])
def test_feedback_goes_to_a_folder_only(make_odd, tmp_path):
    (tmp_path / "class").mkdir()
    make_odd(tmp_path / "feedback")
    with (
        pytest.raises(MultibackendError, match=r"feedback: .*; expected a folder"),
        opened_gradebook(tmp_path / "g.csv"),
    ):
        pass
    assert not list((tmp_path / "class").iterdir())
