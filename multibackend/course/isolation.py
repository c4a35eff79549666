"""Isolation: what a submission's process can't reach, on Linux: files, network, other processes, new processes.

`enter` is called in a process forked for one submission. It moves into namespaces of its own (user, mount, network,
processes, IPC; see namespaces(7)), with a root folder that holds, read-only, what running Python needs and an empty
folder to write in; gives up all capabilities; and refuses to start processes, by a seccomp filter (seccomp(2)).
Elsewhere, and where the system forbids namespaces, `limit` alone remains: time, memory, sizes and number of files.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import stat
import struct
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.seccomp import INSTRUCTION_BYTES, forbid_processes
from multibackend.errors import MultibackendError

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SCRATCH_BYTES = 64 << 20

# sched.h
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
# sys/mount.h
READ_ONLY, NO_SUID, REMOUNT, BIND, RECURSIVE, PRIVATE = 0x1, 0x2, 0x20, 0x1000, 0x4000, 0x40000
# statvfs(3) and mount(2): no devices, no programs, no times of access, ... of folders, and the usual times
KEPT_FLAGS = {0x4: 0x4, 0x8: 0x8, 0x400: 0x400, 0x800: 0x800, 0x1000: 0x200000}
# sys/prctl.h
SET_DEATH_SIGNAL, SET_SECCOMP, SET_NO_NEW_PRIVILEGES = 1, 22, 38
BY_FILTER = 2  # linux/seccomp.h


class NoIsolation(MultibackendError):
    """The system doesn't give what isolation needs."""


@dataclass(frozen=True)
class Limits:
    """Of one submission: seconds, memory beyond what it starts with, the size of a file, how many are open."""

    seconds: float = 60.0
    memory_bytes: int = 3 << 30
    file_bytes: int = 16 << 20
    files: int = 256


def die_with_parent() -> None:
    """End this process when its parent ends, where the system can do that; else it ends by its limits."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def limit(limits: Limits) -> None:
    """Bind this process and its children by the limits, for good."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    address_space = pages * resource.getpagesize() + limits.memory_bytes
    seconds = int(limits.seconds) + 1
    for kind, most in (
        (resource.RLIMIT_CPU, seconds * 2),  # frameworks compute on two threads and more
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def enter(visible: Sequence[Path], hidden: Sequence[Path]) -> None:
    """Isolate this process, which must have one thread; returns in a child of it, the first of its own namespace.

    `visible` are folders to be read beside the system's; `hidden` are folders within these that must not be.

    Raises:
        NoIsolation: the system doesn't allow it.
    """
    try:
        _enter(visible, hidden)
    except (OSError, AttributeError, KeyError) as error:
        raise NoIsolation(f"isolation: {error}; expected a Linux that allows user namespaces.") from error


def _enter(visible: Sequence[Path], hidden: Sequence[Path]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    root = Path(tempfile.gettempdir()).resolve()  # covered, in this namespace only
    _call(libc.unshare, NEW_USER | NEW_MOUNTS | NEW_NETWORK | NEW_PROCESSES | NEW_IPC)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
    die_with_parent()
    opened = [(path, os.open(path, os.O_PATH)) for path in _existing(visible)]
    _mount(libc, "none", "/", "", RECURSIVE | PRIVATE)
    _mount(libc, "tmpfs", str(root), "tmpfs", NO_SUID, f"size={SCRATCH_BYTES}")
    for path, descriptor in opened:
        _show(libc, path, descriptor, root)
    for path in hidden:
        if (root / path.absolute().relative_to("/")).is_dir():
            _mount(libc, "tmpfs", str(root / path.relative_to("/")), "tmpfs", READ_ONLY, "size=4096")
    for folder in ("proc", "tmp"):
        (root / folder).mkdir(exist_ok=True)
    _mount(libc, "proc", str(root / "proc"), "proc", NO_SUID)
    os.chroot(root)
    os.chdir("/tmp")
    os.environ |= {"HOME": "/tmp", "TMPDIR": "/tmp"}
    tempfile.tempdir = None
    _give_up_capabilities(libc)
    program = ctypes.create_string_buffer(forbid_processes())
    length_and_address = struct.pack("@HP", len(program) // INSTRUCTION_BYTES, ctypes.addressof(program))
    _call(libc.prctl, SET_SECCOMP, BY_FILTER, length_and_address, 0, 0)


def _existing(visible: Sequence[Path]) -> list[Path]:
    """What is there of the system and the wanted folders, without those that lie within another."""
    paths = sorted({*(Path(p) for p in (*SYSTEM, *DEVICES)), *(Path(p).absolute() for p in visible)})
    kept: list[Path] = []
    for path in paths:
        if path.exists() and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _show(libc: ctypes.CDLL, path: Path, descriptor: int, root: Path) -> None:
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.parent == Path("/"):  # /bin is usr/bin
        target.symlink_to(path.readlink())
        return
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):  # by its path it may be covered by now
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(libc, f"/proc/self/fd/{descriptor}", str(target), "", BIND | RECURSIVE)
    if path not in map(Path, DEVICES):
        # Flags that a mount has can't be taken away here, so each must be named again.
        kept = sum(flag for status, flag in KEPT_FLAGS.items() if os.fstatvfs(descriptor).f_flag & status)
        _mount(libc, "none", str(target), "", BIND | REMOUNT | READ_ONLY | NO_SUID | kept)
    os.close(descriptor)


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _call(
        libc.mount, source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None, what=target
    )


def _give_up_capabilities(libc: ctypes.CDLL) -> None:
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _call(libc.capset, header, bytes(24))
    _call(libc.prctl, SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _call(function: ctypes._NamedFuncPointer, *arguments: object, what: str = "") -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__} {what}: {os.strerror(number)}")
