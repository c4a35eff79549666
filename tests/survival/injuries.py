"""Injuries: what can happen at a point, as strace(1) is told to do it."""

from __future__ import annotations

from dataclasses import dataclass

from points import COMMAND_ROLE, Point

GROWING = (
    "open", "openat", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2", "link",
    "linkat", "symlink", "symlinkat", "truncate", "ftruncate", "fallocate", "write", "writev", "pwrite64", "pwritev",
    "pwritev2", "fsync", "fdatasync", "copy_file_range", "sendfile", "splice",
)  # fmt: skip
"""The calls that a full disk can refuse: it can refuse to make a file longer, or a folder, but not to remove one."""

WRITING = ("write", "pwrite64")


@dataclass(frozen=True)
class Injury:
    """An event at a point; `how` is strace's word for it, with COUNT for the bytes that a call would write."""

    name: str
    how: str

    def can_happen(self, point: Point) -> bool:
        """Return whether this can happen to such a call of such a process."""
        match self.name:
            case "killed":
                return True
            case "late":
                return point.is_message
            case "orphaned" | "stopped":
                return point.role != COMMAND_ROLE
            case "full disk" | "over quota":
                return not point.is_message and point.call in GROWING
            case "lost":
                return point.call in WRITING and point.size > 1
            case "cut":  # one byte wakes the process that writes it, and nobody can close that pipe
                return point.is_message and point.size != 1
        return not point.is_message

    @property
    def lies(self) -> bool:
        """True if the system says that something is kept which isn't."""
        return self.name == "lost"


INJURIES = {
    injury.name: injury
    for injury in (
        Injury("killed", "signal=KILL"),
        Injury("orphaned", "signal=STOP"),  # and the command is killed while its worker is stopped
        Injury("stopped", "signal=STOP"),
        Injury("late", "delay_enter=1000000"),
        Injury("full disk", "error=ENOSPC"),
        Injury("over quota", "error=EDQUOT"),
        Injury("read-only", "error=EROFS"),
        Injury("broken disk", "error=EIO"),
        Injury("cut", "error=EPIPE"),
        Injury("lost", "retval=COUNT"),  # the call says that all was written, and nothing was
    )
}
