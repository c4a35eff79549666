"""Limits of a submission's process on any POSIX system: time, memory, files and threads."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

OWN_COUNT_OF_THREADS = (5, 14)
"""The first Linux that counts the threads of each namespace of users separately. Source: its commit 21d1c5e386bc."""


@dataclass(frozen=True)
class Limits:
    """The limits of one submission: seconds, memory beyond what it starts with, a file's size, open files, threads."""

    seconds: float = 60.0
    memory_bytes: int = 3 << 30
    file_bytes: int = 16 << 20
    files: int = 256
    threads: int = 512


def limit(limits: Limits, alone: bool) -> None:
    """Apply the limits to this process and its children, for good.

    `alone` says that no other process has its user in its namespace of users: then threads are limited, too.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    bounds = {
        "RLIMIT_CPU": (int(limits.seconds) + 1) * 2,  # frameworks compute on two threads and more
        "RLIMIT_AS": pages * resource.getpagesize() + limits.memory_bytes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_CORE": 1,  # none is written, nor handed to a program of root's, which 0 doesn't keep from. See core(5)
        "RLIMIT_MSGQUEUE": 0,  # bytes in queues, which would outlive it
    }
    if alone and _counts_threads_separately():
        bounds["RLIMIT_NPROC"] = limits.threads
    for name, most in bounds.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))


def _counts_threads_separately() -> bool:
    return sys.platform == "linux" and tuple(int(n) for n in os.uname().release.split(".")[:2]) >= OWN_COUNT_OF_THREADS
