"""Trials: a play disturbed at a point, what that leaves, and the play again, which must end as if nothing had been."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import tracing
from injuries import Injury
from judges import Reference, judge_again, judge_end, judge_files, name_end, read_contents
from plays import HANG_SECONDS, LIMIT_SECONDS, Play, Ran, Theatre
from points import COMMAND_ROLE, Point, name_subject

TRIES = 5
"""The most times a play is begun until the traced call is hit: workers run at the same time."""

LEAST_SECONDS = 3.0
"""The limit of time where a process stalls: at least this, and twice what a whole run took undisturbed."""

MISSED = "missed"
"""The end of a trial whose call didn't come again: how many blocks a log comes in is a matter of time."""


@dataclass(frozen=True)
class Trial:
    """The end of a disturbed run, in a word, and the faults of it and of the run after."""

    ended: str
    faults: list[str]


def prepare(theatre: Theatre, play: Play, folder: Path) -> Reference:
    """Fill a play's folder with what lies there before, and run the play undisturbed in a copy of it."""
    base, after = folder / "base", folder / "after"
    base.mkdir(parents=True)
    for command in play.before:
        theatre.run(command, base)
    shutil.copytree(base, after)
    start = time.monotonic()
    ran = theatre.run(play.command, after)
    assert ran.code == 0, ran.err
    return Reference(base, read_contents(after), read_contents(base), time.monotonic() - start)


def attempt(theatre: Theatre, play: Play, reference: Reference, point: Point, injury: Injury, scratch: Path) -> Trial:
    """Disturb a play at a point, judge what is left, and give the play again."""
    number = point.number
    for _ in range(TRIES):
        output = scratch / "output"
        shutil.copytree(reference.base, output)
        seconds = max(LEAST_SECONDS, 2 * reference.seconds) if injury.name == "stopped" else LIMIT_SECONDS
        first = _disturb(theatre, play, output, replace(point, number=number), injury, scratch / "log", seconds)
        alike = _find_alike(scratch / "log", point, output)
        if number in alike:
            break
        number = min(alike, key=lambda found: abs(found - point.number), default=number + 1)
        shutil.rmtree(scratch)
    else:
        return Trial(MISSED, [])
    died = injury.name == "orphaned" or (injury.name == "killed" and point.role == COMMAND_ROLE)
    stuck = point.effect == "remove"
    faults = judge_end(first, died, excused=died or stuck)
    faults += judge_files(first, output, reference, injury.lies, excused=stuck)
    if injury.name == "late" and first.code:
        faults.append(f"fails for a pause of a second: {first.err[-300:]}")
    again = theatre.run(play.command, output)
    faults += judge_again(first, again, output, reference, injury.lies)
    shutil.rmtree(scratch)
    return Trial(name_end(first), faults)


def _disturb(
    theatre: Theatre, play: Play, output: Path, point: Point, injury: Injury, log: Path, seconds: float
) -> Ran:
    count = point.size if injury.lies else 0
    before = tracing.disturb(log, point.call, point.number, injury.how.replace("COUNT", str(count)))
    role = "" if point.role == COMMAND_ROLE else point.role
    meanwhile = _orphan(log) if injury.name == "orphaned" else None
    return theatre.run(play.command, output, before, role, seconds, meanwhile)


def _find_alike(log: Path, point: Point, output: Path) -> list[int]:
    """The numbers of the calls that are about what the point is about."""
    calls = [call for call in tracing.read_calls(log)[1] if call.name == point.call] if log.exists() else []
    return [call.number for call in calls if _is_alike(name_subject(call, output), point.subject)]


def _is_alike(subject: str | None, expected: str) -> bool:
    """Return whether a call is about what was traced; a run that was cut short lacks some of what the whole one has."""
    if subject is None or subject.startswith("message "):
        return subject == expected
    pairs = list(zip(subject.split("/"), expected.split("/"), strict=False))
    return subject.count("/") == expected.count("/") and all("*" in pair or pair[0] == pair[1] for pair in pairs)


def _orphan(log: Path) -> Callable[[subprocess.Popen[bytes], str], None]:
    """Kill the command when the worker has been stopped, and let the worker go on."""

    def wait(process: subprocess.Popen[bytes], mark: str) -> None:
        deadline = time.monotonic() + HANG_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if log.exists() and "--- stopped by SIGSTOP ---" in log.read_text(errors="replace"):
                process.kill()
                process.wait()
                tracing.send(signal.SIGCONT, tracing.find_processes(mark))
                return
            time.sleep(0.02)

    return wait
