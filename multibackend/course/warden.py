"""Warden: the process beside a submission's, outside its walls, which ends it whatever it does.

It runs nothing of the submission. It starts the submission's process, waits until that ends, the judge lets go of the
leash (a socket, which its end closes, too), or the time is over; kills what is left; and is gone last. So a judge that
let go, and sees the other end of the leash closed, knows that nothing of the submission lives.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from multibackend.course.cgroup import Group
from multibackend.course.limits import die_with_parent

TICK_SECONDS = 0.1
"""Between two looks at processes where the kernel doesn't tell of their end."""

BECOME_SUBREAPER = 36  # sys/prctl.h: orphans among its descendants become this process' children


class Ended(Exception):
    """The examiner is gone, or asks for the end."""


def guard(leash: socket.socket, seconds: float, group: Group | None, begin: Callable[[], None]) -> None:
    """Fork; run `begin` in the child, the submission's process; return when nothing of that is left.

    With a namespace of processes, the child is its first: with it, the kernel ends all others.
    """
    deadline = time.monotonic() + seconds
    _adopt_orphans()
    child = os.fork()
    if not child:
        leash.close()
        die_with_parent()
        os.setsid()
        with suppress(BaseException):
            begin()
        os._exit(0)
    try:
        signal.signal(signal.SIGTERM, _end)
        die_with_parent(signal.SIGTERM)
        _wait(child, leash, deadline)
    except Ended:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _kill_all(child, group)


def _end(*_: object) -> None:
    raise Ended


def _wait(child: int, leash: socket.socket, deadline: float) -> None:
    """Wait until the child ends, the other end of the leash is closed, or time is over."""
    poll = select.poll()
    poll.register(leash, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        if poll.poll(1000 * min(left, TICK_SECONDS)) or _has_ended(child):
            return


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_all(child: int, group: Group | None) -> None:
    """Kill the child and whatever it left, until this process has no child any more, adopted ones among them."""
    left = True
    while left:
        if group:
            group.kill()
        for process in _children() or [child]:
            for kill in (os.kill, os.killpg):
                with suppress(ProcessLookupError, PermissionError):
                    kill(process, signal.SIGKILL)
        time.sleep(0.001)
        left = _reap()
    if group:
        group.remove()


def _reap() -> bool:
    """Take note of all children that have ended; say whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _children() -> list[int]:
    """List the children of this process, also ended ones that nobody took note of, where the system says."""
    with suppress(OSError):
        return [int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
