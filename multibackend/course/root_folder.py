"""The root folder of a submission's process: read-only, it shows what running Python needs, and nothing else.

It lies in memory, in a namespace of mounts of its own. Beside it the process has a folder to write in, /tmp, and a
/proc that shows its own processes only.
"""

from __future__ import annotations

import ctypes
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.kernel import (
    BIND,
    DETACHED,
    NO_DEVICES,
    NO_PROGRAMS,
    NO_SUID,
    PRIVATE,
    READ_ONLY,
    RECURSIVE,
    REMOUNT,
    call,
    mount,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SCRATCH = "size=64m,nr_inodes=4096,mode=1777"
"""Options of /tmp: it lies in memory that counts as no process's, so it is small."""

PROCESSES = "subset=pid,hidepid=invisible"
"""Options of /proc: it shows no settings of the kernel, and only its own processes.

Source: Documentation/filesystems/proc.rst.
"""

# statvfs(3) and mount(2): no devices, no programs, no times of access, ... of folders, and the usual times
KEPT_FLAGS = {0x4: 0x4, 0x8: 0x8, 0x400: 0x400, 0x800: 0x800, 0x1000: 0x200000}


@dataclass(frozen=True)
class View:
    """The machine's files that an isolated process sees beside the system's own, all of them read-only.

    `visible` are files and folders; `hidden` are folders within these that appear empty.
    """

    visible: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()


def build_root(libc: ctypes.CDLL, view: View) -> Path:
    """Make the root folder, in memory, and return its path; it covers another folder, in this namespace only."""
    root = Path(tempfile.gettempdir()).resolve()
    opened = [(path, os.open(path, os.O_PATH)) for path in _existing(view.visible)]
    mount(libc, "none", "/", "", RECURSIVE | PRIVATE)
    mount(libc, "tmpfs", str(root), "tmpfs", NO_SUID | NO_DEVICES, "size=1m,mode=755")
    for name, kind, flags, data in (("tmp", "tmpfs", 0, SCRATCH), ("proc", "proc", READ_ONLY, PROCESSES)):
        (root / name).mkdir()
        mount(libc, kind, str(root / name), kind, NO_SUID | NO_DEVICES | NO_PROGRAMS | flags, data)
    for path, descriptor in opened:
        _show(libc, path, descriptor, root)
        os.close(descriptor)
    for path in {*view.hidden, *(path.resolve() for path in view.hidden)}:
        covered = root / path.absolute().relative_to("/")
        if covered.is_dir():
            mount(libc, "tmpfs", str(covered), "tmpfs", NO_SUID | NO_DEVICES, "size=4k,mode=755")
    for mounted in mounts_below(root):
        if mounted != root / "tmp":
            _make_read_only(libc, mounted)
    _make_read_only(libc, root)
    return root


def _existing(visible: Sequence[Path]) -> list[Path]:
    """List the paths of the system and of `visible` that exist, without those that lie within another."""
    wanted = [*map(Path, (*SYSTEM, *DEVICES)), *(p.absolute() for p in visible), *(p.resolve() for p in visible)]
    paths = sorted(set(wanted))
    kept: list[Path] = []
    for path in paths:
        if path.exists() and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _show(libc: ctypes.CDLL, path: Path, descriptor: int, root: Path) -> None:
    """Show an open file or folder below the new root; a link in the old root, such as /bin, stays a link."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.parent == Path("/"):
        target.symlink_to(path.readlink())
        return
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):  # by its path it may be covered by now
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount(libc, f"/proc/self/fd/{descriptor}", str(target), "", BIND | RECURSIVE)


def mounts_below(root: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> list[Path]:
    """List what is mounted below the newest mount at a folder, such as mounts that a shown folder brings with it.

    Mounts below an older mount there are covered, and can't be reached. See proc_pid_mountinfo(5).
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
    """Forbid writing there. A mount's flags can't be taken away here, so each must be named again."""
    kept = sum(flag for status, flag in KEPT_FLAGS.items() if os.statvfs(mounted).f_flag & status)
    mount(libc, "none", str(mounted), "", BIND | REMOUNT | READ_ONLY | NO_SUID | kept)


def leave_root(libc: ctypes.CDLL, root: Path) -> None:
    """Make `root` this namespace's root. The old root is then mounted nowhere. See pivot_root(2).

    Raises:
        OSError: a mount other than /tmp can still be written.
    """
    os.chdir(root)
    call(libc.pivot_root, b".", b".")
    call(libc.umount2, b".", DETACHED, what="the old root")
    os.chdir("/tmp")
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, options = line.split()[4:6]
        if place != "/tmp" and "ro" not in options.split(","):
            raise OSError(f"{place} can be written")
