"""An error with one submission, or with its examiner, concerns that submission alone."""

from __future__ import annotations

import threading
from typing import ClassVar

import pytest

from multibackend.course import graders
from multibackend.course.exercise import find
from multibackend.course.graders import STARTS, Graders
from multibackend.course.grading import Job
from multibackend.course.isolation import NoIsolation
from multibackend.course.limits import Limits
from multibackend.course.verdict import Result, Verdict
from multibackend.errors import MultibackendError

A1 = find("A1")


def act(source):
    """Do what a submission's source says, as an examination might."""
    errors = {
        "memory": MemoryError(),
        "recursion": RecursionError("deep"),
        "surrogate": UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        "system": OSError(24, "Too many open files"),
        "judge": KeyError("a bug in a point"),
        "ended": MultibackendError("its Python can't check exercises"),
        "group": ExceptionGroup("several", [ValueError("one")]),
        "no isolation": NoIsolation("none"),
        "kills": BrokenPipeError(32, "Broken pipe"),
    }
    if source in errors:
        raise errors[source]


class FakeExaminer:
    """An examiner that gives all marks, unless a submission says otherwise; `log` counts what is open."""

    started = 0
    opened: ClassVar[set] = set()
    broken_starts = 0

    def __init__(self, _backend, _python):
        cls = type(self)
        cls.started += 1
        cls.opened.add(self)
        self.dead = cls.started <= cls.broken_starts

    def examine(self, submission, points, _limits, _isolate, _seed=0):
        if self.dead:
            raise MultibackendError("its Python can't check exercises")
        assert self in self.opened
        self.dead = submission.source in ("kills", "kills the next")
        act(submission.source)
        return Result(tuple(Verdict(point, "met") for point in points))

    def close(self):
        self.opened.remove(self)


@pytest.fixture(autouse=True)
def examiners(monkeypatch):
    fresh = type("Fresh", (FakeExaminer,), {"opened": set()})
    monkeypatch.setattr(graders, "Examiner", fresh)
    yield fresh
    assert not fresh.opened
    assert threading.active_count() == 1


def grade(*sources, number=1):
    jobs = [Job(f"s{i}", A1, "jax", "graded", source) for i, source in enumerate(sources)]
    outcomes = Graders({"jax": "python"}, number, Limits(), True).grade(jobs)
    return {o.job.student: (o.job.status, o.result.marks, o.fault) for o in outcomes}


@pytest.mark.parametrize(
    "oddity", ["memory", "recursion", "surrogate", "system", "judge", "ended", "group", "kills", "no isolation"]
)
@pytest.mark.parametrize("number", [1, 3])
def test_a_failure_is_the_submissions_alone(oddity, number):
    got = grade("right", oddity, "right", oddity, "right", number=number)
    assert [got[f"s{i}"][:2] for i in range(5)] == [("graded", 5), ("error", 0)] * 2 + [("graded", 5)]
    assert all(bool(fault) == (status == "error") for status, _, fault in got.values())


def test_a_dead_examiner_takes_no_other_submission_with_it(examiners):
    got = grade("right", "kills the next", "right", "right")
    assert {row[:2] for row in got.values()} == {("graded", 5)}
    assert examiners.started == 2


def test_a_failure_is_graded_again_by_another_run():
    job = Job("s", A1, "jax", "graded", "memory")
    (outcome,) = Graders({"jax": "python"}, 1, Limits(), True).grade([job])
    grade = outcome.grade()
    assert (grade.status, grade.marks, grade.most) == ("error", 0, 5)
    assert not job.is_graded({job.key: grade})


def test_a_start_that_fails_is_tried_again(examiners):
    examiners.broken_starts = STARTS - 1
    assert grade("right")["s0"][:2] == ("graded", 5)


def test_a_backend_that_cannot_check_ends_the_grading(examiners):
    examiners.broken_starts = 100
    with pytest.raises(MultibackendError, match="can't check exercises It was tried 3 times"):
        grade("right", "right")
    assert examiners.started == STARTS


def test_no_isolation_from_the_start_ends_the_grading(examiners, monkeypatch):
    def refuse(*_):
        raise NoIsolation("none")

    monkeypatch.setattr(examiners, "examine", refuse)
    with pytest.raises(NoIsolation):
        grade("right", "right")
    assert examiners.started == 1


def test_an_end_closes_all_and_starts_none(examiners):
    jobs = [Job(f"s{i}", A1, "jax", "graded", "kills") for i in range(50)]
    outcomes = Graders({"jax": "python"}, 4, Limits(), True).grade(jobs)
    next(outcomes)
    outcomes.close()
    started = examiners.started
    assert not examiners.opened
    assert examiners.started == started


def test_what_was_not_handed_in_needs_no_examiner(examiners):
    job = Job("s", A1, "jax", "missing", None)
    (outcome,) = Graders({"jax": "python"}, 1, Limits(), True).grade([job])
    assert (outcome.result.marks, outcome.result.most, outcome.fault) == (0, 5, "")
    assert examiners.started == 0
