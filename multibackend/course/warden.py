"""Warden: the process beside a submission's, outside its walls, that ends it whatever it does.

It runs none of the submission's code. It starts the submission's process and waits until that process ends, the judge
lets go of the leash (a socket, which the judge's own end closes, too), or the time is over. Then it kills what is left,
and ends last. So a judge that let go and sees the other end of the leash closed knows that nothing of the submission is
left.
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
from multibackend.train.keeper import die_with_parent

TICK_SECONDS = 0.1
"""The time between two looks at processes where the kernel doesn't report their end."""

BECOME_SUBREAPER = 36  # sys/prctl.h: orphans among its descendants become this process' children


class Ended(Exception):
    """The examiner is gone, or asks for the end."""


def guard(leash: socket.socket, seconds: float, group: Group | None, begin: Callable[[], None], parent: int) -> None:
    """Fork, run `begin` in the child, which is the submission's process, and return when nothing of it is left.

    It returns early when `parent` ends, the examiner, also if that has ended before.

    In a namespace of processes, the child is the first: when it ends, the kernel ends all others there.
    """
    deadline, warden = time.monotonic() + seconds, os.getpid()
    _adopt_orphans()
    child = os.fork()
    if not child:
        leash.close()
        die_with_parent(signal.SIGKILL, warden)
        os.setsid()
        with suppress(BaseException):
            begin()
        os._exit(0)
    try:
        signal.signal(signal.SIGTERM, _end)
        die_with_parent(signal.SIGTERM, parent)
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
    """Kill the child and everything that it left, until this process has no children, not even adopted ones."""
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
    """Reap all children that have ended; return True if there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _children() -> list[int]:
    """List the children of this process, with ended ones that weren't reaped; none where the system can't tell."""
    with suppress(OSError):
        return [int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
