"""The kernel's calls that isolation needs and Python doesn't have, through the C library."""

from __future__ import annotations

import ctypes
import os

# sched.h
NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
# sys/mount.h
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND = 0x1, 0x2, 0x4, 0x8, 0x20, 0x1000
RECURSIVE, PRIVATE, DETACHED = 0x4000, 0x40000, 0x2
# sys/prctl.h
SET_DUMPABLE, SET_SECCOMP, DROP_CAPABILITY, SET_NO_NEW_PRIVILEGES = 4, 22, 24, 38
BY_FILTER = 2  # linux/seccomp.h


def load_libc() -> ctypes.CDLL:
    """Load the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def call(function: ctypes._NamedFuncPointer, *arguments: object, what: str = "") -> None:
    """Call a function of the C library; `what` is named in the error.

    Raises:
        OSError: the function says that it failed.
    """
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__} {what}: {os.strerror(number)}")


def mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Call the system call of the same name, which mounts a file system or changes a mount.

    Raises:
        OSError: the system refuses.
    """
    call(libc.mount, source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None, what=target)
