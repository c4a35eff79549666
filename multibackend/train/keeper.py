"""Keeper: a small process between a command and its worker, so that nothing outlives the command.

The keeper starts the worker and writes what the worker prints to a bounded log. Once the worker or the command has
ended, it kills the worker and all that the worker started. It learns of the command's end in two ways: the heartbeat
pipe closes, and on Linux the kernel sends SIGTERM. If the keeper itself is killed, Linux kills the worker, too. On
Linux the keeper also adopts processes that the worker leaves behind in other sessions; elsewhere such a process
escapes.

The keeper holds the output folder's lock together with the command, so the lock stays until the last worker is dead.

Started as `PYTHON -I -S keeper.py JSON`. It needs the standard library alone, so that it runs after 20 ms. It writes
`started PID` and `ended CODE` to standard output; its standard input is the worker's.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

LOG_BYTES = 8 << 20
"""The most bytes of a log. A log that would grow longer is renamed to `NAME.log.1`, and a new one is begun."""

LOG_MARK = "[multibackend] "
"""The beginning of our own lines in a log: what follows the last of them was written by the run in progress."""

BLOCK_BYTES = 1 << 16
PAUSE_SECONDS = 0.01

LOOK_SECONDS = 1.0
"""Seconds between two looks at a silent worker, in case the signal of its end was lost."""

SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36
"""Source: linux/prctl.h."""


def main(given: dict[str, Any]) -> None:
    """Keep one worker.

    `given` holds its command, the log, a name for the pipe that leads there, the command's pid and heartbeat, and a
    folder to remove.
    """
    wake = _listen_to_signals()
    _control(SET_CHILD_SUBREAPER, 1)
    die_with_parent(signal.SIGTERM, given["parent"])
    os.mkfifo(given["pipe"])  # named, so that a worker whose model closed its end can open it again
    pipe = os.open(given["pipe"], os.O_RDWR | os.O_NONBLOCK)  # for writing too: it has no end then
    worker_end = os.open(given["pipe"], os.O_WRONLY)
    log = Log(Path(given["log"]))
    keeper = os.getpid()
    worker = subprocess.Popen(
        given["command"],
        stdout=worker_end,
        stderr=worker_end,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(signal.SIGKILL, keeper),
    )
    os.close(worker_end)
    log.write(f"\n{LOG_MARK}process {worker.pid} starts\n".encode())
    _say(f"started {worker.pid}")
    code = _wait(worker.pid, given, wake, pipe, log)
    code = _end_all(worker.pid, code)
    for block in _read_blocks(pipe):
        log.write(block)
    shutil.rmtree(given["scratch"], ignore_errors=True)
    worker.returncode = code
    _say(f"ended {code}")


def die_with_parent(number: signal.Signals, parent: int) -> None:
    """Let the kernel send this process a signal when the thread that started it ends; Linux alone can.

    A parent outside this process's namespace of processes is 0 here, and can't be told from one that has ended.
    """
    _control(SET_PARENT_DEATH_SIGNAL, number)
    if os.getppid() not in (parent, 0):  # it ended before it was asked for
        os.kill(os.getpid(), number)


def _control(what: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(what, ctypes.c_ulong(value), 0, 0, 0)


def _listen_to_signals() -> int:
    """Return a descriptor that can be read once a child ends, or SIGTERM comes."""
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    return wake


def _wait(worker: int, given: dict[str, Any], wake: int, pipe: int, log: Log) -> int | None:
    """Write the log until the worker has ended, and return its code; None where the command ended first.

    SIGTERM is passed on to the worker's process group.
    """
    heartbeat, waited = given["heartbeat"], (given["heartbeat"], wake, pipe)
    while os.getppid() == given["parent"]:
        ready, _, _ = select.select(waited, [], [], LOOK_SECONDS)
        if pipe in ready:
            with suppress(BlockingIOError):
                log.write(os.read(pipe, BLOCK_BYTES))
        if wake in ready and signal.SIGTERM in os.read(wake, BLOCK_BYTES):
            _kill_group(worker, signal.SIGTERM)
        if (code := _reap(worker)) is not None:
            return code
        if heartbeat in ready:
            return None
    return None


def _end_all(worker: int, code: int | None) -> int:
    """Kill the worker's group and all its other descendants, until none is left; return the worker's exit code."""
    _kill_group(worker, signal.SIGKILL)
    while code is None or _list_children():
        for child in _list_children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        found = _reap(worker)
        code = found if code is None else code
        time.sleep(PAUSE_SECONDS)
    return code


def _kill_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _reap(worker: int) -> int | None:
    """Collect the children that have ended, adopted ones too; return the worker's exit code if it is one of them."""
    code = None
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == worker:
                code = os.waitstatus_to_exitcode(found[1])
    return code


def _list_children() -> list[int]:
    """List the children of the keeper, adopted ones too, as Linux shows them."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                children.append(int(path.parent.name))
    return children


def _read_blocks(pipe: int) -> Iterator[bytes]:
    """Yield what the pipe still holds."""
    with suppress(BlockingIOError):
        while block := os.read(pipe, BLOCK_BYTES):
            yield block


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # the command has ended
        os.write(1, f"{line}\n".encode())


class Log:
    """A file of at most `LOG_BYTES` that is appended to, and the file before it; a full disk only stops the log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self._number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._size = os.fstat(self._number).st_size

    def write(self, block: bytes) -> None:
        """Append; begin a new file where this one would grow too long."""
        with suppress(OSError):
            if self._size + len(block) > LOG_BYTES:
                self._path.replace(f"{self._path}.1")
                os.close(self._number)
                self._open()
            self._size += os.write(self._number, block)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
