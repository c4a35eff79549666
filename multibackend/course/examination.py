"""Examination: a submission is run in a process of its own, and judged point by point from here.

Marks only ever come from a point that was met. Whatever else happens (the file can't be run, an exception, no time or
memory left, a process that ends or answers nonsense, no points at all) leaves them as they are.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from multibackend.course.isolation import NoIsolation
from multibackend.course.judging import Point, Unmet
from multibackend.course.limits import Limits
from multibackend.course.remote import Ended, Link, OutOfTime, Raised, Student
from multibackend.engine.backends import environment_variables
from multibackend.errors import MultibackendError
from multibackend.experiments.registry import CATALOGUE_VARIABLE
from multibackend.text import sanitize

KEEP_COMPILED = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
"""Each process compiles JAX's operations anew; reading them from the disk halves the time of a check."""

PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "XDG_CACHE_HOME", "MPLCONFIGDIR"),
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH"),
    *("MULTIBACKEND_DATA", "MULTIBACKEND_CACHE", CATALOGUE_VARIABLE),
)
"""Environment variables that an examiner needs of its user's; a submission can read all that it has."""

IMPORT_SECONDS = 120.0
"""For a framework's import, on a cold disk."""

START_SECONDS = 60.0
"""For the fork of a submission's process and its walls, on a busy machine."""

END_SECONDS = 30.0
"""From letting a submission's process go to its end; killing takes a moment where there is much memory to free."""

LAST_WORDS = 300
"""Characters that are shown of what an examiner said last."""


@dataclass(frozen=True)
class Verdict:
    """How a point was answered: `met`, or why not.

    `reason` is one of: "met", "wrong" (`expected` and `got` say how), "not written", "missing" (the file has no such
    function), "raised" (`got` is the exception), "not loaded" (the file itself raised it), "ended", "time", "not run"
    (the file couldn't be run, or its process was gone by then).
    `line` is where in the student's file it was raised, 0 if unknown.
    """

    point: Point
    reason: str
    expected: str = ""
    got: str = ""
    line: int = 0
    advice: str = ""

    @property
    def marks(self) -> int:
        """What the point brought."""
        return self.point.marks if self.reason == "met" else 0


@dataclass(frozen=True)
class Result:
    """All verdicts on a submission."""

    verdicts: tuple[Verdict, ...]

    @classmethod
    def nothing(cls, points: Sequence[Point]) -> Result:
        """Of what can't be run."""
        return cls(tuple(Verdict(point, "not run") for point in points))

    @property
    def marks(self) -> int:
        """What was reached."""
        return sum(verdict.marks for verdict in self.verdicts)

    @property
    def most(self) -> int:
        """What could be reached."""
        return sum(verdict.point.marks for verdict in self.verdicts)

    @property
    def passed(self) -> bool:
        """Whether every point is met, and there is one."""
        return bool(self.verdicts) and all(verdict.reason == "met" for verdict in self.verdicts)


@dataclass(frozen=True)
class Submission:
    """A student's file: the name it is shown under, and what it says."""

    filename: str
    source: str


class ExaminerGone(MultibackendError):
    """The process that takes submissions has ended; another may go on."""


class Examiner:
    """A process with one backend's Keras imported, which takes one submission after another."""

    def __init__(self, backend: str, python: str) -> None:
        self.backend = backend
        # Not a pipe, which would fill: nobody reads it before the end. Closed by `close`.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [python, "-P", "-m", "multibackend.course.examiner", str(theirs.fileno())],
                env=_environment(backend),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
            )
        self._control = ours
        self._control.settimeout(IMPORT_SECONDS)
        self._ready = False

    def examine(
        self, submission: Submission, points: Sequence[Point], limits: Limits, isolate: bool, seed: int = 0
    ) -> Result:
        """Judge a submission on all points, in a process that is gone afterwards, and all that it started.

        Raises:
            NoIsolation: isolation is wanted, and this system doesn't give it; nothing has run.
            ExaminerGone: the process that forks it has ended, for which the submission is not to blame.
            MultibackendError: this backend's Python can't import what exercises need.
        """
        self._demand_ready()
        connection, submissions_end = socket.socketpair()
        leash, wardens_end = socket.socketpair()
        with connection, leash:
            with submissions_end, wardens_end:
                self._hand_over(limits, isolate, submissions_end, wardens_end)
            try:
                _demand_walls(Link(connection, START_SECONDS))
                return Result(tuple(_judge(Link(connection, limits.seconds), submission, points, seed)))
            finally:
                _let_go(leash)

    def _hand_over(self, limits: Limits, isolate: bool, *ends: socket.socket) -> None:
        request = json.dumps({"limits": asdict(limits), "isolate": isolate}).encode()
        try:
            socket.send_fds(self._control, [request], [end.fileno() for end in ends])
        except OSError as error:
            raise ExaminerGone(f"backend {self.backend}: its examiner has ended ({error})") from error

    def _demand_ready(self) -> None:
        """Wait for the end of the process' imports."""
        if self._ready:
            return
        try:
            line = self._control.recv(64)
        except TimeoutError:
            line = b""
        self._ready = line == b"ready\n"
        if not self._ready:
            self._process.kill()
            self._process.wait()
            self._errors.seek(0)
            why = sanitize(self._errors.read().decode("utf-8", "replace")[-LAST_WORDS:])
            raise MultibackendError(
                f"backend {self.backend}: its Python can't check exercises ({why}); `multibackend doctor` says more."
            )

    def close(self) -> None:
        """End the process."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def __enter__(self) -> Examiner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _environment(backend: str) -> dict[str, str]:
    """The environment of an examiner: what it needs, and nothing else of the teacher's."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if "PYTHONPATH" in passed:  # an empty entry is the working folder, which may be a class's
        entries = passed["PYTHONPATH"].split(os.pathsep)
        passed["PYTHONPATH"] = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    return {**passed, **environment_variables(backend, "cpu", 1), **KEEP_COMPILED}


def _let_go(leash: socket.socket) -> None:
    """Let the warden end the submission's process, and wait until it says, by its own end, that nothing is left.

    Raises:
        MultibackendError: it doesn't.
    """
    leash.shutdown(socket.SHUT_WR)
    leash.settimeout(END_SECONDS)
    try:
        while leash.recv(1):
            pass
    except TimeoutError as error:
        raise MultibackendError(
            f"a submission's process doesn't end within {END_SECONDS:g} s of being killed; expected it gone. "
            "Look for it with `ps`, and grade again."
        ) from error
    except OSError:  # reset: the other end is closed
        return


def _demand_walls(link: Link) -> None:
    try:
        link.wait()
    except Raised as error:
        raise NoIsolation(error.message if error.kind == "NoIsolation" else str(error)) from error
    except (Ended, OutOfTime) as error:
        raise ExaminerGone(f"a submission's process could not be started ({error})") from error


def _judge(link: Link, submission: Submission, points: Sequence[Point], seed: int) -> Iterator[Verdict]:
    """A verdict on each point; once the file can't be run or the process is gone, the same on all that are left."""
    end = None
    try:
        link.tell((submission.filename, np.frombuffer(submission.source.encode("utf-8", "replace"), "uint8")))
        link.wait()
    except (Raised, Ended, OutOfTime) as error:
        end = error
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
        except Raised as error:
            yield _explain(point, error)
        except (Ended, OutOfTime) as error:
            yield _explain(point, error)
            end = error
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            # Of a judge that was given something else than it can ask about, such as a number in place of a layer.
            yield Verdict(point, "wrong", "", sanitize(f"{type(error).__name__}: {error}"))
        except (MemoryError, RecursionError) as error:  # which what it was given is too large or too deep for
            yield Verdict(point, "wrong", "", type(error).__name__)


def _explain_loading(point: Point, error: Exception) -> Verdict:
    if isinstance(error, Raised):
        return Verdict(point, "not loaded", got=str(error), line=error.line or 0)
    return _explain(point, error)


def _explain(point: Point, error: Exception) -> Verdict:
    match error:
        case Raised(kind="NotImplementedError"):
            return Verdict(point, "not written", got=str(error), line=error.line or 0)
        case Raised(kind="AttributeError", line=None) if "'submission'" in str(error):
            return Verdict(point, "missing", got=str(error).rpartition("attribute ")[2].strip("'"))
        case Raised():
            return Verdict(point, "raised", got=str(error), line=error.line or 0)
        case OutOfTime():
            return Verdict(point, "time")
    return Verdict(point, "ended", got=str(error))
