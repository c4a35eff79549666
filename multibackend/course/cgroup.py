"""Control groups: a bound on all memory of a submission, also memory that its process's own limits don't count.

They need control groups of version 2 that this user may divide. Elsewhere the filter of system calls refuses the calls
that make such memory. See Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from multibackend.course.limits import Limits

PREFIX = "multibackend-"
CONTROLLERS = {"memory", "pids"}
SHARED_BYTES = 1 << 29
"""Memory beyond a submission's own: copies of pages that it shares with the examiner, and the kernel's."""

REMOVAL_SECONDS = 2.0
"""The time to try to remove a group: its last process must be gone, which takes a moment."""


class Group:
    """A control group of one submission's processes."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        folder.mkdir()
        try:
            self._write("memory.max", limits.memory_bytes + SHARED_BYTES)
            self._write("pids.max", limits.threads)
            with suppress(OSError):  # there is none without swap
                self._write("memory.swap.max", 0)
        except OSError:
            folder.rmdir()
            raise

    def join(self) -> None:
        """Move this process into the group."""
        self._write("cgroup.procs", 0)

    def kill(self) -> None:
        """Kill every process in the group, where the kernel can do that (from Linux 5.14 on)."""
        with suppress(OSError):
            self._write("cgroup.kill", 1)

    def remove(self) -> None:
        """Remove the group, once it is empty."""
        deadline = time.monotonic() + REMOVAL_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.01)

    def _write(self, name: str, value: int) -> None:
        descriptor = os.open(self._folder / name, os.O_WRONLY)
        try:
            os.write(descriptor, str(value).encode())
        finally:
            os.close(descriptor)


def make_group(limits: Limits, mountinfo: str = "/proc/self/mountinfo", own: str = "/proc/self/cgroup") -> Group | None:
    """Make a group below this process's own group, or below the nearest one above it that this user may divide.

    Return None if there is none. `mountinfo` and `own` are files as the kernel shows them, see proc_pid_mountinfo(5)
    and cgroups(7).
    """
    for folder in _candidates(Path(mountinfo), Path(own)):
        with suppress(OSError):
            if set((folder / "cgroup.subtree_control").read_text().split()) >= CONTROLLERS:
                return Group(folder / f"{PREFIX}{os.getpid()}", limits)
    return None


def _candidates(mountinfo: Path, own: Path) -> Iterator[Path]:
    with suppress(OSError, StopIteration):
        fields = [line.split() for line in mountinfo.read_text().splitlines()]
        mounted = next(Path(f[4]) for f in fields if f[f.index("-") + 1] == "cgroup2")
        line = next(line for line in own.read_text().splitlines() if line.startswith("0::"))
        folder = mounted / line.removeprefix("0::").lstrip("/")
        yield from (f for f in (folder, *folder.parents) if f.is_relative_to(mounted))
