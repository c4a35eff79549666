"""Isolation: what a submission's process can't reach, on Linux: files, network, other processes, new processes.

`enter` is called in a process that `warden.py` forked for one submission, the first of a namespace of processes. It
moves into further namespaces of its own (mounts, network, IPC, names; see namespaces(7)), whose root folder holds,
read-only, what running Python needs, and an empty folder to write in; leaves the machine's root, which is then mounted
nowhere there; closes every descriptor but those agreed; becomes an unprivileged user if it is root; gives up all
capabilities; and is bound by a filter of system calls (seccomp(2)).
Elsewhere, and where the system forbids namespaces, `limits.py` alone remains: time, memory, sizes and number of files.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.limits import die_with_parent
from multibackend.course.seccomp import INSTRUCTION_BYTES, write_filter
from multibackend.errors import MultibackendError

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SCRATCH = "size=64m,nr_inodes=4096,mode=1777"
"""The folder to write in, /tmp: it lies in memory, and counts as nobody's."""

PROCESSES = "subset=pid,hidepid=invisible"
"""What /proc shows: no settings of the kernel, and no process but its own. See Documentation/filesystems/proc.rst."""

FIRST_FREE_USER = 1 << 30
"""As root, a submission runs as a user from this number on that no other has: files and limits are its own."""

# sched.h
NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
# sys/mount.h
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND = 0x1, 0x2, 0x4, 0x8, 0x20, 0x1000
RECURSIVE, PRIVATE, DETACHED = 0x4000, 0x40000, 0x2
# statvfs(3) and mount(2): no devices, no programs, no times of access, ... of folders, and the usual times
KEPT_FLAGS = {0x4: 0x4, 0x8: 0x8, 0x400: 0x400, 0x800: 0x800, 0x1000: 0x200000}
# sys/prctl.h
SET_DUMPABLE, SET_SECCOMP, DROP_CAPABILITY, SET_NO_NEW_PRIVILEGES = 4, 22, 24, 38
BY_FILTER = 2  # linux/seccomp.h
MOST_CAPABILITIES = 64


class NoIsolation(MultibackendError):
    """The system doesn't give what isolation needs."""


@dataclass(frozen=True)
class View:
    """What an isolated process sees of the machine's files beside the system's own, all of it read-only.

    `visible` are files and folders; `hidden` are folders within these of which only the names are seen.
    """

    visible: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()


def is_root() -> bool:
    """Whether this process is root of the whole machine, not of a namespace of users such as a container's."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == ["0", "0", str((1 << 32) - 1)]


def leave_processes() -> int | None:
    """Let the next child of this process be the first of a new namespace of processes; return the user it shall become.

    That is None for an ordinary user, who needs a namespace of users for it, and in it remains who he is.

    Raises:
        NoIsolation: the system doesn't allow it.
    """
    libc, uid, gid = _libc(), os.geteuid(), os.getegid()
    try:
        if is_root():
            _call(libc.unshare, NEW_PROCESSES)
            return FIRST_FREE_USER + os.getpid()
        _call(libc.unshare, NEW_PROCESSES | NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
        return None
    except (OSError, AttributeError) as error:
        raise NoIsolation(f"isolation: {error}; expected a Linux that allows user namespaces.") from error


def enter(view: View, user: int | None, kept: int) -> None:
    """Isolate this process, which must have one thread and be the first of its namespace of processes.

    It becomes `user`, unless that is None. Of its descriptors, it keeps `kept`; 0, 1 and 2 lead nowhere.

    Raises:
        NoIsolation: the system doesn't allow it, or doesn't do what it said.
    """
    try:
        libc = _libc()
        program = ctypes.create_string_buffer(write_filter())
        _call(libc.unshare, NEW_MOUNTS | NEW_NETWORK | NEW_IPC | NEW_NAMES | NEW_CGROUPS)
        root = _build_root(libc, view)
        _leave_root(libc, root)
        _close_all_but(kept)
        os.environ |= {"HOME": "/tmp", "TMPDIR": "/tmp"}
        tempfile.tempdir = None
        _give_up_privileges(libc, user)
        _demand_readable(view)
        die_with_parent()  # once more: the kernel forgets it when a process becomes another user
        length_and_address = struct.pack("@HP", len(program.raw) // INSTRUCTION_BYTES, ctypes.addressof(program))
        _call(libc.prctl, SET_SECCOMP, BY_FILTER, length_and_address, 0, 0)
    except (OSError, AttributeError, KeyError, ValueError) as error:
        raise NoIsolation(f"isolation: {error}; expected a Linux that allows namespaces.") from error


def _build_root(libc: ctypes.CDLL, view: View) -> Path:
    """Make the root folder, in memory, over a folder that is covered in this namespace only."""
    root = Path(tempfile.gettempdir()).resolve()
    opened = [(path, os.open(path, os.O_PATH)) for path in _existing(view.visible)]
    _mount(libc, "none", "/", "", RECURSIVE | PRIVATE)
    _mount(libc, "tmpfs", str(root), "tmpfs", NO_SUID | NO_DEVICES, "size=1m,mode=755")
    for name, kind, flags, data in (("tmp", "tmpfs", 0, SCRATCH), ("proc", "proc", READ_ONLY, PROCESSES)):
        (root / name).mkdir()
        _mount(libc, kind, str(root / name), kind, NO_SUID | NO_DEVICES | NO_PROGRAMS | flags, data)
    for path, descriptor in opened:
        _show(libc, path, descriptor, root)
        os.close(descriptor)
    for path in {*view.hidden, *(path.resolve() for path in view.hidden)}:
        covered = root / path.absolute().relative_to("/")
        if covered.is_dir():
            _mount(libc, "tmpfs", str(covered), "tmpfs", NO_SUID | NO_DEVICES, "size=4k,mode=755")
    for mounted in _mounts_below(root):
        if mounted != root / "tmp":
            _make_read_only(libc, mounted)
    _make_read_only(libc, root)
    return root


def _existing(visible: Sequence[Path]) -> list[Path]:
    """What is there of the system and the wanted folders, without those that lie within another."""
    wanted = [*map(Path, (*SYSTEM, *DEVICES)), *(p.absolute() for p in visible), *(p.resolve() for p in visible)]
    paths = sorted(set(wanted))
    kept: list[Path] = []
    for path in paths:
        if path.exists() and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _show(libc: ctypes.CDLL, path: Path, descriptor: int, root: Path) -> None:
    """Make what a descriptor leads to appear below the new root; a link in the old one, such as /bin, stays a link."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.parent == Path("/"):
        target.symlink_to(path.readlink())
        return
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):  # by its path it may be covered by now
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(libc, f"/proc/self/fd/{descriptor}", str(target), "", BIND | RECURSIVE)


def _mounts_below(root: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> list[Path]:
    """Where anything is mounted on what is mounted last at a folder; what a folder shown brings with it, too.

    What lies below in the tree alone is covered, and can't be reached. See proc_pid_mountinfo(5).
    """
    places: dict[int, tuple[int, Path]] = {}
    for line in mountinfo.read_text().splitlines():
        number, parent, _, _, place = line.split()[:5]
        places[int(number)] = int(parent), Path(place.encode().decode("unicode_escape").encode("latin-1").decode())
    top = max(number for number, (_, place) in places.items() if place == root)
    found = {top}
    while more := {number for number, (parent, _) in places.items() if parent in found} - found:
        found |= more
    return [places[number][1] for number in sorted(found - {top})]


def _make_read_only(libc: ctypes.CDLL, mounted: Path) -> None:
    """Forbid writing there. Flags that a mount has can't be taken away here, so each must be named again."""
    kept = sum(flag for status, flag in KEPT_FLAGS.items() if os.statvfs(mounted).f_flag & status)
    _mount(libc, "none", str(mounted), "", BIND | REMOUNT | READ_ONLY | NO_SUID | kept)


def _leave_root(libc: ctypes.CDLL, root: Path) -> None:
    """Make `root` this namespace's root, and let the old one go, which is mounted nowhere then. See pivot_root(2).

    Raises:
        OSError: something is left that can be written.
    """
    os.chdir(root)
    _call(libc.pivot_root, b".", b".")
    _call(libc.umount2, b".", DETACHED, what="the old root")
    os.chdir("/tmp")
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, options = line.split()[4:6]
        if place != "/tmp" and "ro" not in options.split(","):
            raise OSError(f"{place} can be written")


def _close_all_but(kept: int) -> None:
    """Close every descriptor but this one, and let the standard ones lead nowhere, which is opened in here."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != kept:
            with suppress(OSError):  # the listing's own is closed already
                os.close(descriptor)


def _give_up_privileges(libc: ctypes.CDLL, user: int | None) -> None:
    """Become `user` unless that is None, and have no capability from now on, nor any way to one."""
    for capability in range(MOST_CAPABILITIES):
        libc.prctl(DROP_CAPABILITY, capability, 0, 0, 0)  # fails of those that the kernel doesn't know
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)  # else its own /proc is root's from here on
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _call(libc.capset, header, bytes(24))
    _call(libc.prctl, SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _demand_readable(view: View) -> None:
    for path in view.visible:
        if path.exists() and not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise NoIsolation(
                f"isolation: {path} can't be read by the user that submissions of root's run as; "
                f"grade as an ordinary user, or let all read it: chmod -R o+rX {path}."
            )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _call(
        libc.mount, source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None, what=target
    )


def _call(function: ctypes._NamedFuncPointer, *arguments: object, what: str = "") -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__} {what}: {os.strerror(number)}")
