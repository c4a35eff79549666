"""Processes: a worker behind its keeper, what it says, the last words in its log, and what ended it.

POSIX only: signals, process groups and sockets of the file system.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.text import sanitize
from multibackend.train import keeper
from multibackend.train.events import Receiver

GRACE_SECONDS = 3.0
"""Between asking a process to end and killing it."""

KEEPER_SECONDS = 60.0
"""For a keeper to kill all that its worker started; it takes milliseconds, seconds on a machine that is overloaded."""

LOG_TAIL_BYTES = 1 << 14

PYTHON_OPTIONS = ("-I", "-S")
"""For a keeper: nothing of the user's is imported, not even `sitecustomize`."""


class Child:
    """A worker in a session of its own: it gets a request on standard input, and what it prints goes to a log.

    `lock` is a descriptor that stays open until the worker and all that it started are dead.

    Raises:
        MultibackendError: the log can't be written, or the command can't be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        request: Mapping[str, Any],
        lock: int | None = None,
    ) -> None:
        self.log = log.absolute()
        self._said = b""
        self._receiver = Receiver()
        self._pipe = str(Path(self._receiver.folder, "log"))
        told = {**request, "log": str(self.log), "log_pipe": self._pipe}
        told |= {"events": self._receiver.address, "secret": self._receiver.secret}
        beat, self._heartbeat = os.pipe()
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as errors, tempfile.TemporaryFile("w+") as given:
                json.dump(told, given)
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
            self._receiver.close()
            os.close(self._heartbeat)
            raise MultibackendError(
                f"{command[0]}: can't be started with its log {log}: {error}; give another folder with --output, "
                "or another interpreter with --python BACKEND=PATH."
            ) from error
        finally:
            os.close(beat)

    def _describe(self, command: Sequence[str], beat: int) -> dict[str, Any]:
        files = {"log": str(self.log), "pipe": self._pipe, "scratch": self._receiver.folder}
        return {"command": list(command), "parent": os.getpid(), "heartbeat": beat, **files}

    @property
    def descriptors(self) -> tuple[int, int]:
        """What can be read when it says something, and when it has ended; for `select`."""
        assert self._keeper.stdout is not None
        return self._receiver.fileno(), self._keeper.stdout.fileno()

    def read_events(self) -> Iterator[dict[str, Any]]:
        """The events that are there now; doesn't wait."""
        return self._receiver.read()

    @property
    def has_exited(self) -> bool:
        """Whether it has ended, with all that it started."""
        number = self.descriptors[1]
        while self._keeper.poll() is None and select.select([number], [], [], 0)[0]:
            block = os.read(number, 1 << 12)
            self._said += block
            if not block:  # the keeper's output ends a moment before it does
                self._wait_for_keeper()
        return self._keeper.returncode is not None

    def last_log_line(self) -> str:
        """The last line that it left in its log in the run that it was last at, made safe to show; empty if none."""
        tail = b"".join(_read_tail(path) for path in (Path(f"{self.log}.1"), self.log)).decode("utf-8", "replace")
        _, mark, after = f"\n{tail}".rpartition(f"\n{keeper.LOG_MARK}")
        lines = after.split("\n")[1:] if mark else after.split("\n")
        return next((shown for line in reversed(lines) if (shown := sanitize(line))), "")

    def ask_to_end(self) -> None:
        """Send the worker and what it started SIGTERM."""
        if not self.has_exited:
            self._keeper.send_signal(signal.SIGTERM)

    def close(self) -> str:
        """Kill whatever of it is left; say how the worker ended."""
        os.close(self._heartbeat)
        self._keeper.send_signal(signal.SIGCONT)  # should a model have stopped it
        self._wait_for_keeper()
        assert self._keeper.stdout is not None
        self._said += self._keeper.stdout.read()
        self._keeper.stdout.close()
        self._receiver.close()
        said = dict(line.split() for line in self._said.decode().splitlines())
        if "ended" not in said and "started" in said:  # the keeper was killed; where that doesn't kill the worker
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(said["started"]), signal.SIGKILL)
        return _ending(int(said.get("ended", self._keeper.returncode)))

    def _wait_for_keeper(self) -> None:
        try:
            self._keeper.wait(KEEPER_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()


def _read_tail(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - LOG_TAIL_BYTES))
        return log.read(LOG_TAIL_BYTES)
    return b""


def _ending(code: int) -> str:
    if code >= 0:
        return f"the worker exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unnamed"
    cause = "; often the machine ran out of memory" if -code == signal.SIGKILL else ""
    return f"killed by signal {-code} ({name}){cause}"


def wait_for_any(children: Sequence[Child], seconds: float) -> None:
    """Wait until one of these says something or ends, or the time is over."""
    select.select([number for child in children for number in child.descriptors], [], [], seconds)


def stop(children: Sequence[Child]) -> None:
    """End all these: ask first, and kill after `GRACE_SECONDS`."""
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and not all(child.has_exited for child in children):
        time.sleep(0.02)
    for child in children:
        child.close()
