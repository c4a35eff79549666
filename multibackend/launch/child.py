"""A child process: a worker behind its keeper, its events and questions, the last words in its log, and its end.

Every process that runs a model on a backend is such a child, except a student's, which is isolated
(`course/examination.py`). POSIX only: it uses signals, process groups and sockets of the file system.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.launch.log import read_last_lines
from multibackend.train import keeper
from multibackend.train.events import Receiver, make_folder, make_secret, name_questions, send_message

GRACE_SECONDS = 3.0
"""Seconds to wait between SIGTERM and SIGKILL."""

KEEPER_SECONDS = 60.0
"""Seconds for a keeper to kill all that its worker started; it takes milliseconds, seconds on an overloaded machine."""

PYTHON_OPTIONS = ("-I", "-S")
"""Options of a keeper's Python: it imports nothing of the user's, not even `sitecustomize`."""


@dataclass(frozen=True)
class Ending:
    """The end of a worker: its exit code, negative where a signal killed it."""

    code: int

    def __str__(self) -> str:
        if self.code >= 0:
            return f"the worker exited with code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = "unnamed"
        cause = "; often the machine ran out of memory" if -self.code == signal.SIGKILL else ""
        return f"killed by signal {-self.code} ({name}){cause}"


class Child:
    """A worker in a session of its own: it gets a request on standard input, and what it prints goes to a log.

    A `request` of None is for a program that isn't one of our workers: its standard input is empty.
    `lock` is a descriptor that stays open until the worker and all that it started are dead.

    Raises:
        MultibackendError: the log can't be written, or the command can't be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        request: Mapping[str, Any] | None,
        lock: int | None = None,
    ) -> None:
        self.log = log.absolute()
        self._said = b""
        self._folder, self._secret = make_folder(), make_secret()
        self._receiver = Receiver(f"{self._folder}/events", self._secret)
        self._pipe = f"{self._folder}/log"
        beat, self._heartbeat = os.pipe()
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as errors, tempfile.TemporaryFile("w+") as given:
                if request is not None:
                    json.dump(self._complete(request), given)
                    given.seek(0)
                self._keeper = subprocess.Popen(
                    [command[0], *PYTHON_OPTIONS, keeper.__file__, json.dumps(self._describe(command, beat))],
                    env=dict(environment),
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    pass_fds=[number for number in (beat, lock) if number is not None],
                    start_new_session=True,
                )
        except OSError as error:
            self._remove_channels()
            os.close(self._heartbeat)
            raise MultibackendError(
                f"{command[0]}: can't be started with its log {log}: {error}; give another folder with --output, "
                "or another interpreter with --python BACKEND=PATH."
            ) from error
        finally:
            os.close(beat)

    def _complete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request with where the worker reports and prints."""
        told = {**request, "log": str(self.log), "log_pipe": self._pipe}
        return told | {"events": self._receiver.address, "secret": self._secret}

    def _describe(self, command: Sequence[str], beat: int) -> dict[str, Any]:
        files = {"log": str(self.log), "pipe": self._pipe, "scratch": self._folder}
        return {"command": list(command), "parent": os.getpid(), "heartbeat": beat, **files}

    def _remove_channels(self) -> None:
        self._receiver.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def descriptors(self) -> tuple[int, int]:
        """The descriptors, for `select`: one can be read when it says something, one when it has ended."""
        assert self._keeper.stdout is not None
        return self._receiver.fileno(), self._keeper.stdout.fileno()

    def read_events(self) -> Iterator[dict[str, Any]]:
        """Yield the events that are there now, without waiting for more."""
        return self._receiver.read()

    def wait_for_event(self, seconds: float) -> dict[str, Any] | None:
        """Return the next event; None where none comes in time, or the worker ends without one."""
        deadline = time.monotonic() + seconds
        while True:
            over = self.has_exited  # asked before reading, so that nothing it said last is missed
            event = next(self.read_events(), None)
            left = deadline - time.monotonic()
            if event is not None or over or left <= 0:
                return event
            wait_for_any([self], left)

    def ask(self, question: Mapping[str, Any]) -> None:
        """Send a question to a worker that hears questions; one that has ended shows by giving no answer."""
        with suppress(FileNotFoundError, ConnectionError):
            send_message(name_questions(self._receiver.address), self._secret, question)

    @property
    def has_exited(self) -> bool:
        """True once it has ended, with all that it started."""
        number = self.descriptors[1]
        while self._keeper.poll() is None and select.select([number], [], [], 0)[0]:
            block = os.read(number, 1 << 12)
            self._said += block
            if not block:  # the keeper's output ends a moment before it does
                self._wait_for_keeper()
        return self._keeper.returncode is not None

    def read_last_lines(self) -> list[str]:
        """Return the last lines that its last run left in its log, made safe to show."""
        return read_last_lines(self.log)

    def last_log_line(self) -> str:
        """Return the last of these lines; empty if there is none."""
        return next(reversed(self.read_last_lines()), "")

    def ask_to_end(self) -> None:
        """Send the worker and what it started SIGTERM."""
        if not self.has_exited:
            self._keeper.send_signal(signal.SIGTERM)

    def close(self) -> Ending:
        """Kill whatever of it is left; return how the worker ended."""
        os.close(self._heartbeat)
        self._keeper.send_signal(signal.SIGCONT)  # should a model have stopped it
        self._wait_for_keeper()
        assert self._keeper.stdout is not None
        self._said += self._keeper.stdout.read()
        self._keeper.stdout.close()
        self._remove_channels()
        said = dict(line.split() for line in self._said.decode().splitlines())
        if "ended" not in said and "started" in said:  # the keeper was killed; where that doesn't kill the worker
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(said["started"]), signal.SIGKILL)
        return Ending(int(said.get("ended", self._keeper.returncode)))

    def _wait_for_keeper(self) -> None:
        try:
            self._keeper.wait(KEEPER_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()


def wait_for_any(children: Sequence[Child], seconds: float) -> None:
    """Wait until one of these says something or ends, or the time is over."""
    select.select([number for child in children for number in child.descriptors], [], [], seconds)


def stop(children: Sequence[Child]) -> None:
    """End all these: send SIGTERM, and SIGKILL after `GRACE_SECONDS`."""
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and not all(child.has_exited for child in children):
        time.sleep(0.02)
    for child in children:
        child.close()
