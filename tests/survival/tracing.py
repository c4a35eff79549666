"""The system calls of a process: read from what strace(1) wrote, and disturbed by strace."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ON_PATHS = (
    "open", "openat", "creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "unlink", "unlinkat", "rmdir", "truncate", "chmod", "fchmodat", "utimensat", "mknod", "mknodat",
)  # fmt: skip
ON_FILES = (
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate", "fsync", "fdatasync",
    "sync_file_range", "fchmod", "copy_file_range", "sendfile", "splice", "sendto", "sendmsg", "sendmmsg", "flock",
)  # fmt: skip
UNTRACEABLE = ("mmap", "io_uring_enter")
"""Ways to change a file that no system call shows: a process that goes them must not escape notice."""

_CALL = re.compile(r"^(?P<time>[\d.]+) (?P<name>\w+)\((?P<arguments>.*)$")
_NAMES = re.compile(r'(?:AT_FDCWD|\d+)<(?P<open>[^>]*)>|"(?P<given>(?:[^"\\]|\\.)*)"')
_CREATING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC")
_QUIET = ("-q", "-e", "signal=all", "-ttt", "-y", "-s", "24")


@dataclass(frozen=True)
class Call:
    """One system call; `number` counts those of its name in its process from 1, `subject` is a path or `pipe:[N]`."""

    time: float
    name: str
    number: int
    arguments: str
    subject: str

    @property
    def size(self) -> int:
        """How many bytes it was to write; 0 for what writes none."""
        match = re.search(r", (\d+)\)\s+= ", self.arguments)
        return int(match[1]) if match and "write" in self.name else 0

    @property
    def changes(self) -> bool:
        """Whether it changed a file or sent a message; what failed, such as making a folder that is there, didn't."""
        if re.search(r"\)\s+= -1 E", self.arguments):
            return False
        if self.name in ("open", "openat"):
            return any(flag in self.arguments for flag in _CREATING)
        if self.name == "mmap":
            return "MAP_SHARED" in self.arguments and "PROT_WRITE" in self.arguments
        return self.name in (*ON_PATHS, *ON_FILES, *UNTRACEABLE)


def watch(log: Path) -> list[str]:
    """What to put before a command, so that each of its processes leaves its calls in `log.PID`."""
    names = ",".join(f"?{name}" for name in (*ON_PATHS, *ON_FILES, *UNTRACEABLE, "execve"))
    return ["strace", "-ff", *_QUIET, "-o", str(log), "-e", f"trace={names}"]


def disturb(log: Path, call: str, number: int, how: str) -> list[str]:
    """What to put before a command, so that one call of its first thread goes as `how` says, as strace(1) writes it."""
    # -DDD: strace is no parent and in no group of the process, and so neither seen nor killed with it.
    return [
        "strace",
        "-DDD",
        *_QUIET,
        "-o",
        str(log),
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{how}:when={number}",
    ]


def read_calls(log: Path) -> tuple[str, list[Call]]:
    """The program that a process ran last, as it was called, and its calls since."""
    program, calls, numbers = "", [], dict[str, int]()
    for line in log.read_text(errors="replace").splitlines():
        if not (match := _CALL.match(line)):
            continue
        name, arguments = match["name"], match["arguments"]
        if name == "execve":
            if arguments.endswith("= 0"):
                program, calls, numbers = _name_subject(name, arguments), [], {}
            continue
        numbers[name] = numbers.get(name, 0) + 1
        calls.append(Call(float(match["time"]), name, numbers[name], arguments, _name_subject(name, arguments)))
    return program, calls


def _name_subject(name: str, arguments: str) -> str:
    """What a call is about: the file that is open, or the last path it is given (of a renaming, the new one)."""
    folder = subject = ""
    for match in _NAMES.finditer(arguments.rpartition(" = ")[0] or arguments):
        if match["open"] is not None:
            folder = match["open"]
            subject = subject or folder
            if name in (*ON_FILES, *UNTRACEABLE):
                break
        else:
            subject = os.path.join(folder, match["given"])  # noqa: PTH118
            if name == "execve":
                break
    return subject


def find_processes(variable: str) -> list[int]:
    """The processes whose environment holds `NAME=value`, but for those that only wait to be noticed as over."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue  # it ended meanwhile
        if variable.encode() in environment and state != "Z":
            found.append(int(folder.name))
    return found


def send(number: signal.Signals, processes: Sequence[int]) -> None:
    """Send processes a signal; those that have ended meanwhile are left alone."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def describe(processes: Sequence[int]) -> str:
    """The command lines of processes, for a message."""
    lines = []
    for process in processes:
        with suppress(OSError):
            lines.append(Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
    return "; ".join(filter(None, lines))
