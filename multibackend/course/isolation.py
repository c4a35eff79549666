"""Isolation: on Linux, a submission's process can't reach files, the network or other processes, nor start new ones.

`warden.py` forks a process for one submission, the first of a namespace of processes. There `enter`:

- moves into further namespaces (mounts, network, IPC, names; see namespaces(7)), with the root folder that
  `root_folder.py` builds; the machine's own root is mounted nowhere there;
- closes every descriptor but one;
- becomes an unprivileged user if it is root, and gives up all capabilities;
- installs a filter of system calls (seccomp(2)).

On other systems, and where the system forbids namespaces, only `limits.py` remains: time, memory, sizes and number of
files.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from multibackend.course.kernel import (
    BY_FILTER,
    DROP_CAPABILITY,
    NEW_CGROUPS,
    NEW_IPC,
    NEW_MOUNTS,
    NEW_NAMES,
    NEW_NETWORK,
    NEW_PROCESSES,
    NEW_USER,
    SET_DUMPABLE,
    SET_NO_NEW_PRIVILEGES,
    SET_SECCOMP,
    call,
    load_libc,
)
from multibackend.course.root_folder import View, build_root, leave_root
from multibackend.course.seccomp import INSTRUCTION_BYTES, write_filter
from multibackend.errors import MultibackendError
from multibackend.train.keeper import die_with_parent

FIRST_FREE_USER = 1 << 30
"""The first of the users that submissions become where the examiner is root; no other process has them."""

MOST_CAPABILITIES = 64


class NoIsolation(MultibackendError):
    """The system doesn't provide what isolation needs."""


def is_root() -> bool:
    """Tell whether this process is root of the whole machine, not of a namespace of users such as a container's."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == ["0", "0", str((1 << 32) - 1)]


def leave_processes() -> int | None:
    """Make the next child of this process the first of a new namespace of processes; return the user it is to become.

    Return None for an ordinary user, who needs a namespace of users for that and remains the same user in it.

    Raises:
        NoIsolation: the system doesn't allow it.
    """
    libc, uid, gid = load_libc(), os.geteuid(), os.getegid()
    try:
        if is_root():
            call(libc.unshare, NEW_PROCESSES)
            return FIRST_FREE_USER + os.getpid()
        call(libc.unshare, NEW_PROCESSES | NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
        return None
    except (OSError, AttributeError) as error:
        raise NoIsolation(f"isolation: {error}; expected a Linux that allows user namespaces.") from error


def enter(view: View, user: int | None, kept: int) -> None:
    """Isolate this process, which must have one thread and be the first of its namespace of processes.

    It becomes `user`, unless that is None. It keeps the descriptor `kept`; 0, 1 and 2 lead nowhere.

    Raises:
        NoIsolation: the system doesn't allow it, or didn't do what it reported.
    """
    try:
        libc = load_libc()
        program = ctypes.create_string_buffer(write_filter())
        call(libc.unshare, NEW_MOUNTS | NEW_NETWORK | NEW_IPC | NEW_NAMES | NEW_CGROUPS)
        root = build_root(libc, view)
        leave_root(libc, root)
        _close_all_but(kept)
        os.environ |= {"HOME": "/tmp", "TMPDIR": "/tmp"}
        tempfile.tempdir = None
        _give_up_privileges(libc, user)
        _demand_readable(view)
        die_with_parent(
            signal.SIGKILL, os.getppid()
        )  # once more: the kernel forgets it when a process becomes another user
        length_and_address = struct.pack("@HP", len(program.raw) // INSTRUCTION_BYTES, ctypes.addressof(program))
        call(libc.prctl, SET_SECCOMP, BY_FILTER, length_and_address, 0, 0)
    except (OSError, AttributeError, KeyError, ValueError) as error:
        raise NoIsolation(f"isolation: {error}; expected a Linux that allows namespaces.") from error


def _close_all_but(kept: int) -> None:
    """Close every descriptor but `kept`, and let the standard ones lead to /dev/null."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != kept:
            with suppress(OSError):  # the listing's own is closed already
                os.close(descriptor)


def _give_up_privileges(libc: ctypes.CDLL, user: int | None) -> None:
    """Become `user` unless that is None, and give up all capabilities and every way to gain one."""
    for capability in range(MOST_CAPABILITIES):
        libc.prctl(DROP_CAPABILITY, capability, 0, 0, 0)  # fails of those that the kernel doesn't know
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)  # else its own /proc is root's from here on
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    call(libc.capset, header, bytes(24))
    call(libc.prctl, SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _demand_readable(view: View) -> None:
    for path in view.visible:
        if path.exists() and not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise NoIsolation(
                f"isolation: {path} can't be read by the user that submissions of root's run as; "
                f"grade as an ordinary user, or let all read it: chmod -R o+rX {path}."
            )
