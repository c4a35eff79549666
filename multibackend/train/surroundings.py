"""Surroundings: the state of the process, restored before the next model, and before a record is saved.

A user's module may change the working folder, close or redirect the standard streams, clear the environment, or replace
signal handlers. The next model must not fail, or train differently, because of that.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.train.keeper import LOG_MARK

KEPT_FROM = 100
"""The lowest number of the descriptor that leads to our log: no model opens a file with so high a number."""


class Surroundings:
    """The process as it is now: working folder, streams, environment, signal handlers, and switches of Python's.

    `log_pipe` leads to the log.
    """

    def __init__(self, log_pipe: Path) -> None:
        self._pipe = log_pipe
        self._output = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, KEPT_FROM)
        self._output_inode = os.fstat(self._output).st_ino
        self._folder = Path.cwd()
        self._umask = _get_umask()
        self._environment = dict(os.environ)
        self._handlers = _get_handlers()
        self._recursion_limit = sys.getrecursionlimit()
        self._warnings = list(warnings.filters)
        self._float_errors: dict[str, Any] = dict(np.geterr())

    def begin(self, name: str) -> None:
        """Restore everything, and mark in the log where a run begins: the lines above belong to others."""
        self.restore()
        os.write(2, f"\n{LOG_MARK}{name}\n".encode())

    def restore(self) -> None:
        """Restore everything."""
        self._restore_streams()
        os.chdir(self._folder)
        os.umask(self._umask)
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        signal.alarm(0)
        for number, handler in _get_handlers().items():
            if handler is not self._handlers.get(number):
                signal.signal(number, self._handlers.get(number, signal.SIG_DFL))
        sys.setrecursionlimit(self._recursion_limit)
        warnings.filters[:] = self._warnings  # type: ignore[index]
        np.seterr(**self._float_errors)
        gc.enable()

    def _restore_streams(self) -> None:
        """Let standard output and error lead to the log again, and standard input to nothing.

        Where a model closed our descriptor, the keeper's pipe is opened by its name.
        """
        if _inode(self._output) != self._output_inode:
            self._output = _move_up(os.open(self._pipe, os.O_WRONLY))
            self._output_inode = os.fstat(self._output).st_ino
        os.set_blocking(self._output, True)
        nothing = _move_up(os.open(os.devnull, os.O_RDONLY))
        for number, target in ((0, nothing), (1, self._output), (2, self._output)):
            os.dup2(target, number)
        os.close(nothing)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _inode(number: int) -> int:
    """Return the inode of a descriptor's file; -1 if it is closed."""
    try:
        return os.fstat(number).st_ino
    except OSError:
        return -1


def _move_up(number: int) -> int:
    """Move a descriptor to a high number; return the number."""
    moved: int = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, KEPT_FROM)
    os.close(number)
    return moved


def _get_umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _get_handlers() -> dict[int, Any]:
    """Return the handlers of all signals, except those that weren't set from Python and so can't be restored."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return {number: handler for number, handler in handlers.items() if handler is not None}
