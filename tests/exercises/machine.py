"""Machine: what is counted on it before and after an escape. What remains is named, not only counted."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

Snapshot = dict[str, list[str]]

SETTINGS = (
    *("kernel/core_pattern", "kernel/hostname", "kernel/domainname", "kernel/modprobe", "kernel/hotplug"),
    *("kernel/randomize_va_space", "kernel/panic", "kernel/sysrq", "kernel/kptr_restrict", "kernel/dmesg_restrict"),
    *("kernel/shmmax", "kernel/shmall", "kernel/msgmax", "kernel/sem", "kernel/pid_max", "kernel/threads-max"),
    *(
        "kernel/perf_event_paranoid",
        "kernel/unprivileged_bpf_disabled",
        "kernel/poweroff_cmd",
        "kernel/io_uring_disabled",
    ),
    *("fs/suid_dumpable", "fs/protected_hardlinks", "fs/protected_symlinks", "fs/file-max", "fs/mqueue/queues_max"),
    *("vm/overcommit_memory", "vm/swappiness", "vm/panic_on_oom", "vm/max_map_count", "vm/drop_caches"),
    *("user/max_user_namespaces", "net/ipv4/ip_forward", "net/core/somaxconn"),
)
"""Settings in /proc/sys."""


def read_text(path: Path | str) -> str:
    """Read a file of /proc, empty where there is none."""
    with suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""


def list_names(folder: Path | str) -> list[str]:
    """List a folder's names, none where it can't be read."""
    with suppress(OSError):
        return [path.name for path in Path(folder).iterdir()]
    return []


def settings() -> dict[str, str]:
    """Read the kernel's settings that matter."""
    return {name: read_text(f"/proc/sys/{name}") for name in SETTINGS}


def processes(below: int | None = None) -> dict[int, str]:
    """List the processes by number, or those below one, with their command lines."""
    found, parents = {}, {}
    for name in list_names("/proc"):
        status = read_text(f"/proc/{name}/stat") if name.isdigit() else ""
        if status:
            state, parent = status.rpartition(")")[2].split()[:2]
            command = read_text(f"/proc/{name}/cmdline").replace("\0", " ").strip()
            found[int(name)] = "a zombie" if state == "Z" else command or "no name"
            parents[int(name)] = int(parent)
    return (
        found
        if below is None
        else {number: name for number, name in found.items() if _is_below(number, below, parents)}
    )


def _is_below(number: int, above: int, parents: dict[int, int]) -> bool:
    while number in parents:
        number = parents[number]
        if number == above:
            return True
    return False


def count_descriptors(process: int | str) -> int:
    """Count the open descriptors of a process; of "self", without the one that counts."""
    return len(list_names(f"/proc/{process}/fd")) - (process == "self")


def digest_tree(folder: Path, without: Sequence[str] = ()) -> list[str]:
    """Name all files below a folder, with what they hold and their modes."""
    lines = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in without)
        for name in sorted((*folders, *files)):
            path = Path(place, name)
            held = (
                hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() and not path.is_symlink() else ""
            )
            lines.append(f"{path} {path.lstat().st_mode:o} {held}")
    return lines


def find_marks(mark: str, folders: Iterable[Path | str]) -> list[str]:
    """Find what bears a mark in its name, in folders and in the keyrings of this user."""
    found = [str(Path(folder, name)) for folder in folders for name in list_names(folder) if mark in name]
    return found + [line for line in read_text("/proc/keys").splitlines() if mark in line]


def snapshot() -> Snapshot:
    """Count what outlives a process: System V's IPC, named sockets, mounts, shared files, settings."""
    return {
        "shared memory": _first_columns("/proc/sysvipc/shm"),
        "semaphores": _first_columns("/proc/sysvipc/sem"),
        "message queues": _first_columns("/proc/sysvipc/msg"),
        # Without the semaphores that Python's multiprocessing names, of other processes of the machine's.
        "files in /dev/shm": [name for name in list_names("/dev/shm") if not name.startswith("sem.mp-")],
        "mounts": read_text("/proc/self/mountinfo").splitlines(),
        "settings": [f"{name} = {value.strip()}" for name, value in settings().items()],
    }


def named_sockets() -> list[str]:
    """List the Unix sockets of this network namespace that have a name."""
    lines = [line.split() for line in read_text("/proc/net/unix").splitlines()[1:]]
    return [columns[7] for columns in lines if len(columns) > 7]


def _first_columns(path: str) -> list[str]:
    return [" ".join(line.split()[:2]) for line in read_text(path).splitlines()[1:]]


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Say what is there that wasn't, and what isn't that was."""
    found = []
    for kind in before:
        old, new = Counter(before[kind]), Counter(after[kind])
        found += [f"{kind}: new: {line}" for line in (new - old).elements()]
        found += [f"{kind}: gone: {line}" for line in (old - new).elements()]
    return found
