"""Examination: an examiner's process takes submissions, runs each in a process of its own, and lets it be judged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from multibackend.course.isolation import NoIsolation
from multibackend.course.judging import Point
from multibackend.course.limits import Limits
from multibackend.course.remote import Ended, Link, OutOfTime, Raised
from multibackend.course.verdict import Result, Submission, judge_points
from multibackend.engine.backends import environment_variables, get_backend
from multibackend.errors import MultibackendError
from multibackend.experiments.registry import CATALOGUE_VARIABLE
from multibackend.text import sanitize

PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "XDG_CACHE_HOME", "MPLCONFIGDIR"),
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH"),
    *("MULTIBACKEND_DATA", "MULTIBACKEND_CACHE", CATALOGUE_VARIABLE),
)
"""The user's environment variables that an examiner needs. A submission can read all that its examiner has."""

IMPORT_SECONDS = 120.0
"""The time for a framework's import, on a cold disk."""

START_SECONDS = 60.0
"""The time to fork a submission's process and build its walls, on a busy machine."""

END_SECONDS = 30.0
"""The time a submission's process may take to end once it is killed: there may be much memory to free."""

LAST_WORDS = 300
"""Characters of an examiner's last words that are shown."""


class ExaminerGone(MultibackendError):
    """The process that takes submissions has ended; another one may go on."""


class Examiner:
    """A process with one backend's Keras imported, that takes one submission after another."""

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
        """Judge a submission on all points, in a process that is gone afterwards, with everything that it started.

        Raises:
            NoIsolation: isolation is wanted, and this system doesn't give it; nothing has run.
            ExaminerGone: the process that forks it has ended, through no fault of the submission.
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
                return Result(tuple(judge_points(Link(connection, limits.seconds), submission, points, seed)))
            finally:
                _let_go(leash)

    def _hand_over(self, limits: Limits, isolate: bool, *ends: socket.socket) -> None:
        request = json.dumps({"limits": asdict(limits), "isolate": isolate}).encode()
        try:
            socket.send_fds(self._control, [request], [end.fileno() for end in ends])
        except OSError as error:
            raise ExaminerGone(f"backend {self.backend}: its examiner has ended ({error})") from error

    def _demand_ready(self) -> None:
        """Wait until the process has imported what it needs."""
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
    """Make an examiner's environment: what it needs, and nothing else of the teacher's."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if "PYTHONPATH" in passed:  # an empty entry is the working folder, which may be a class's
        entries = passed["PYTHONPATH"].split(os.pathsep)
        passed["PYTHONPATH"] = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    return {**passed, **environment_variables(backend, "cpu", 1), **get_backend(backend).checking}


def _let_go(leash: socket.socket) -> None:
    """Let the warden end the submission's process, and wait for the warden's own end: then nothing is left.

    Raises:
        MultibackendError: it doesn't end.
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
