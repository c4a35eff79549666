"""Verdicts: how a submission in a process of its own is judged, point by point, from here.

Marks only ever come from a point that was met. Whatever else happens (the file can't be run, an exception, no time or
memory left, a process that ends or answers nonsense, no points at all) brings no marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from multibackend.course.judging import Point, Unmet
from multibackend.course.remote import Ended, Link, Missing, OutOfTime, Raised, Student
from multibackend.text import sanitize

Reason = Literal["met", "wrong", "not written", "missing", "raised", "not loaded", "ended", "time", "not run"]
"""The outcome of a point:

- "met";
- "wrong": `expected` and `got` say how;
- "not written": the starter's own exception was raised;
- "missing": the file has no function or class `got`;
- "raised": the student's code raised the exception `got`;
- "not loaded": the file itself raised it;
- "ended": the submission's process ended before it had answered;
- "time": it didn't answer in time;
- "not run": the file couldn't be run, or its process was gone by then.
"""


@dataclass(frozen=True)
class Submission:
    """A student's file: the name it is shown under, and its source."""

    filename: str
    source: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of a point. `line` is the line of the student's file that raised an exception, 0 if unknown."""

    point: Point
    reason: Reason
    expected: str = ""
    got: str = ""
    line: int = 0
    advice: str = ""

    @property
    def marks(self) -> int:
        """The marks that the point brought."""
        return self.point.marks if self.reason == "met" else 0


@dataclass(frozen=True)
class Result:
    """All verdicts on a submission."""

    verdicts: tuple[Verdict, ...]

    @classmethod
    def nothing(cls, points: Sequence[Point]) -> Result:
        """Make the result of a submission that can't be run."""
        return cls(tuple(Verdict(point, "not run") for point in points))

    @property
    def marks(self) -> int:
        """The marks that were reached."""
        return sum(verdict.marks for verdict in self.verdicts)

    @property
    def most(self) -> int:
        """The marks that could be reached."""
        return sum(verdict.point.marks for verdict in self.verdicts)

    @property
    def passed(self) -> bool:
        """True if there are points and every one is met."""
        return bool(self.verdicts) and all(verdict.reason == "met" for verdict in self.verdicts)


def judge_points(link: Link, submission: Submission, points: Sequence[Point], seed: int) -> Iterator[Verdict]:
    """Run a submission's file, and yield a verdict on each point.

    Once the file can't be run or the process is gone, all points that are left are "not run".
    """
    end = _load(link, submission)
    student = Student(link, seed)
    for i, point in enumerate(points):
        if end is not None:
            yield _explain_loading(point, end) if i == 0 else Verdict(point, "not run")
            continue
        try:
            with np.errstate(all="ignore"):  # a submission's numbers may overflow
                point.judge(student)
            yield Verdict(point, "met")
        except Unmet as unmet:
            yield Verdict(point, "wrong", unmet.expected, unmet.got, advice=unmet.advice)
        except Missing as missing:
            yield Verdict(point, "missing", got=missing.name)
        except Raised as error:
            yield _explain(point, error)
        except (Ended, OutOfTime) as error:
            yield _explain(point, error)
            end = error
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            # The judge was given something that it can't ask about, such as a number in place of a layer.
            yield Verdict(point, "wrong", "", sanitize(f"{type(error).__name__}: {error}"))
        except (MemoryError, RecursionError) as error:  # what the judge was given is too large or too deep
            yield Verdict(point, "wrong", "", type(error).__name__)


def _load(link: Link, submission: Submission) -> Raised | Ended | OutOfTime | None:
    """Send a submission's file and wait until it has run; return the reason why that failed, or None."""
    try:
        link.tell((submission.filename, np.frombuffer(submission.source.encode("utf-8", "replace"), "uint8")))
        link.wait()
    except (Raised, Ended, OutOfTime) as error:
        return error
    return None


def _explain_loading(point: Point, error: Exception) -> Verdict:
    if isinstance(error, Raised):
        return Verdict(point, "not loaded", got=str(error), line=error.line or 0)
    return _explain(point, error)


def _explain(point: Point, error: Exception) -> Verdict:
    match error:
        case Raised(kind="NotImplementedError"):
            return Verdict(point, "not written", got=str(error), line=error.line or 0)
        case Raised():
            return Verdict(point, "raised", got=str(error), line=error.line or 0)
        case OutOfTime():
            return Verdict(point, "time")
    return Verdict(point, "ended", got=str(error))
