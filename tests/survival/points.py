"""Points: every write and every message of a run, found by tracing one."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import tracing
from plays import BACKENDS, TEMPORARY, Play, Theatre
from tracing import UNTRACEABLE, Call

COMMAND_ROLE = "command"

EFFECTS = {
    "make": ("open", "openat", "creat", "mkdir", "mkdirat", "mknod", "mknodat"),
    "move": ("rename", "renameat", "renameat2"),
    "remove": ("unlink", "unlinkat", "rmdir"),
    "lock": ("flock",),
}
"""Sorts of calls; what is none of these writes."""

_TEMPORARY = f"/{TEMPORARY}/"


@dataclass(frozen=True)
class Point:
    """A system call of a process that changes a file, below the output folder or a temporary one, or sends a message.

    `role` is `command` or the Python by its backend and order, `subject` the path below the output folder, in which
    what is not there at the end is `*`, or for a message its beginning; `number` counts the calls of this name,
    `size` is how many bytes it was to write.
    """

    role: str
    call: str
    number: int
    subject: str
    is_message: bool
    size: int

    @property
    def kind(self) -> tuple[str, str, str, int]:
        """The properties shared by points that differ only in the experiment they write about, or in repetition."""
        if self.is_message:
            return (self.role, self.call, self.subject, 0)
        path = Path(self.subject)
        return (self.role, self.call, path.name, len(path.parts))

    @property
    def effect(self) -> str:
        """The sort of change that it makes."""
        if self.is_message:
            return "message"
        return next((effect for effect, calls in EFFECTS.items() if self.call in calls), "write")

    def __str__(self) -> str:
        return f"{self.role}: {self.call} #{self.number} {self.subject}"


def name_subject(call: Call, output: Path) -> str | None:
    """Name what a call is about, the same in every run; None for calls of no interest here."""
    if call.subject.startswith(("pipe:", "socket:", "UNIX")):
        return "message " + re.sub(r"\d+", "N", call.arguments.partition(", ")[2].partition(", ")[0])
    path = Path(call.subject.removesuffix("(deleted)"))
    if _TEMPORARY in call.subject:
        return "temporary " + "/".join("*" for _ in Path(call.subject.partition(_TEMPORARY)[2]).parts)
    if not path.is_relative_to(output):
        return None
    here, parts = output, []
    for part in path.relative_to(output).parts:
        here = here / part
        parts.append(part if here.exists() else "*")
    return "/".join(parts) or "."


def find_points(theatre: Theatre, play: Play, base: Path, scratch: Path) -> list[Point]:
    """Run a play once, undisturbed, and list its points, process by process.

    Raises:
        AssertionError: the run failed, or a file is changed where nothing can be disturbed.
    """
    output = scratch / "output"
    shutil.copytree(base, output)
    (scratch / "calls").mkdir()
    ran = theatre.run(play.command, output, before=tracing.watch(scratch / "calls" / "of"))
    assert ran.code == 0, ran.err
    found: list[Point] = []
    for role, calls in _name_roles(theatre, scratch / "calls").items():
        for call in calls:
            subject = name_subject(call, output) if call.changes else None
            if subject is None:
                continue
            assert role, f"{call}: made by a process or thread that can't be disturbed apart"
            assert call.name not in UNTRACEABLE, f"{call}: changes a file without a system call that can fail"
            is_message = subject.startswith("message ")
            found.append(Point(role, call.name, call.number, subject, is_message, call.size))
    shutil.rmtree(scratch)
    return found


def _name_roles(theatre: Theatre, folder: Path) -> dict[str, list[Call]]:
    """The calls of each process by its role; those of all that has none are under ""."""
    texts = [(log.read_text(errors="replace"), log) for log in folder.iterdir()]
    begun = sorted(pair for pair in texts if pair[0])  # each begins with its time
    roles: dict[str, list[Call]] = {COMMAND_ROLE: tracing.read_calls(begun[0][1])[1], "": []}
    counts: dict[str, int] = {}
    for text, log in begun[1:]:
        backend = next((name for name in BACKENDS if f'execve("{theatre.folder / name}"' in text), "")
        _, calls = tracing.read_calls(log)
        if backend:
            counts[backend] = counts.get(backend, 0) + 1
            roles[f"{backend} {counts[backend]}"] = calls
        else:
            roles[""] += calls
    return roles
