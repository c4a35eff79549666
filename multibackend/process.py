"""Processes: a child in a process group of its own, its output line by line, and what ended it.

POSIX only: signals and process groups.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from multibackend.errors import MultibackendError

GRACE_SECONDS = 3.0
"""Between asking a process to end and killing it."""

LONGEST_LINE = 1 << 20
"""Bytes without a line's end that are kept; a child that writes more means no line to us."""

LOG_TAIL_BYTES = 4096

BLOCK_BYTES = 1 << 16
MOST_BLOCKS = 16
"""Read at once: all that a pipe holds (1 MiB at most, see pipe(7)), and no more where a child never stops writing."""


class Child:
    """A process in a session of its own: standard output is read here, standard error goes to a log.

    Raises:
        MultibackendError: the log can't be written, or the command can't be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._partial = b""
        self._closed = False
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as errors:
                self._log_start = errors.tell()
                self._process = subprocess.Popen(
                    command,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise MultibackendError(
                f"{command[0]}: can't be started with its log {log}: {error}; give another folder with --output, "
                "or another interpreter with --python BACKEND=PATH."
            ) from error
        os.set_blocking(self.fileno(), False)

    def fileno(self) -> int:
        """Of the standard output, for `select`."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read_lines(self) -> Iterator[str]:
        """The whole lines that are there now; doesn't wait."""
        for _ in range(MOST_BLOCKS):
            try:
                block = b"" if self._closed else os.read(self.fileno(), BLOCK_BYTES)
            except BlockingIOError:
                return
            self._closed = not block
            *lines, self._partial = (self._partial + block).split(b"\n")
            if len(self._partial) > LONGEST_LINE:
                self._partial = b""
            yield from (line.decode("utf-8", "replace") for line in lines)
            if self._closed:
                return

    @property
    def is_over(self) -> bool:
        """Whether it has ended or closed its output. A grandchild may hold the output open, so both are asked."""
        return self._closed or self.has_exited

    @property
    def has_exited(self) -> bool:
        """Whether the process itself has ended."""
        return self._process.poll() is not None

    def write_log(self, line: str) -> None:
        """Keep a line in the log, beside what the child itself writes there."""
        with suppress(OSError), self.log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    def last_log_line(self) -> str:
        """The last line that this child left in its log; empty if none."""
        with suppress(OSError), self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - LOG_TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group; one that is gone is left alone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def close(self) -> str:
        """End the process group, for one that is over or must be; say how the child ended."""
        if self._closed:  # the output ends a moment before the process does
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        code = self._process.poll()
        self.send(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return _ending(code)


def _ending(code: int | None) -> str:
    if code is None:
        return "the worker closed its output and didn't end, stopped"
    if code >= 0:
        return f"the worker exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unnamed"
    cause = "; often the machine ran out of memory" if -code == signal.SIGKILL else ""
    return f"killed by signal {-code} ({name}){cause}"


def stop(children: Sequence[Child]) -> None:
    """End all these process groups: ask first, and kill after `GRACE_SECONDS`."""
    for child in children:
        child.send(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and not all(child.has_exited for child in children):
        time.sleep(0.02)
    for child in children:
        child.close()
