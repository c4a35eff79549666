"""Judges: what a disturbed run may leave, and what the run after it must leave."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plays import HANG_SECONDS, Ran

from multibackend.errors import RecordError
from multibackend.records.record import find_records, load_record

CIRCUMSTANCES = ("wall_seconds", "peak_bytes", "workers")
"""The fields that may differ from run to run: times, and how many workers trained at the same time."""

NO_RESULTS = ("logs", ".lock")
"""Files that aren't results: who has a folder, and what was said there."""

MOST_LOG_BYTES = 1 << 20

_SHOWN = re.compile(r"^(?P<run>\w+ +.+?)  (?P<status>finished|kept|failed|not-run)\b", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """A play's folder before it, what the folder holds after a run that nothing disturbed, and before, and its time."""

    base: Path
    contents: dict[str, Any]
    before: dict[str, Any]
    seconds: float


def read_contents(output: Path) -> dict[str, Any]:
    """Read every file and folder of results by its path: JSON without circumstances, a digest of any other."""
    found = {}
    for path in sorted(output.rglob("*")):
        name = str(path.relative_to(output))
        if path.name not in NO_RESULTS and not name.startswith("logs/"):
            found[name] = _read(path) if path.is_file() else "folder"
    return found


def _read(path: Path) -> Any:
    content = path.read_bytes()
    if path.suffix == ".md":
        content = re.sub(rb"workers: \d+", b"", content)
    if path.suffix != ".json":
        return hashlib.sha256(content).hexdigest()
    try:
        return _drop_circumstances(json.loads(content))
    except ValueError:
        return content


def _drop_circumstances(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_circumstances(item) for key, item in value.items() if key not in CIRCUMSTANCES}
    return [_drop_circumstances(item) for item in value] if isinstance(value, list) else value


def name_end(ran: Ran) -> str:
    """Name a command's end in two words."""
    return f"signal {-ran.code}" if ran.code < 0 else f"exit {ran.code}"


def judge_end(ran: Ran, died: bool, excused: bool = False) -> list[str]:
    """A command ends, with a word where it fails, and leaves neither a process nor a temporary file behind.

    `died` says that it was killed, `excused` that it can't have removed its temporary files.
    """
    faults = []
    if ran.hung:
        faults.append(f"hangs: no end after {HANG_SECONDS:g} s")
    elif ran.code not in ((-signal.SIGKILL,) if died else (0, 1)):
        faults.append(f"ends with {name_end(ran)}")
    if ran.left:
        faults.append(f"leaves processes behind: {ran.left}")
    if ran.litter and not excused:
        faults.append(f"leaves temporary files behind: {ran.litter}")
    if "Traceback" in ran.out + ran.err:
        faults.append(f"shows a traceback: {ran.err[-600:]}")
    if ran.code == 1 and not re.search(r"error: |FAILED", ran.err + ran.out):
        faults.append(f"fails without a word: {ran.out[-300:]} {ran.err[-300:]}")
    return faults


def judge_files(ran: Ran, output: Path, reference: Reference, lied: bool, excused: bool = False) -> list[str]:
    """Check that each record is the old or the new one, or says that it failed, or isn't believed; reports are whole.

    `lied` says that the disk kept nothing of what it said was written, which nobody can tell of a report; `excused`
    that it may have refused to remove something.
    """
    now = read_contents(output)
    if excused:
        now = {name: now[name] for name in now.keys() & reference.contents.keys()}
    if ran.code == 0 and not lied and now != reference.contents:
        return [f"succeeds, with other results: {_differences(now, reference.contents)}"]
    faults = []
    for folder in find_records(output):
        try:
            record = load_record(folder)
            dict(record.arrays)
        except RecordError:
            continue
        name = str(folder.relative_to(output))
        part = {key: value for key, value in now.items() if key.startswith(f"{name}/")}
        known = [
            {k: v for k, v in c.items() if k.startswith(f"{name}/")} for c in (reference.contents, reference.before)
        ]
        if record.status == "finished" and part not in known:
            faults.append(f"{name}: believed, but neither the old record nor the new one")
    reports = () if lied else now.keys() & reference.contents.keys()
    return faults + [f"{name}: half written" for name in sorted(reports) if not _is_whole(output / name)]


def _is_whole(path: Path) -> bool:
    """Return whether a report, by its name, ends as it should."""
    if path.is_dir():
        return True
    content = path.read_bytes()
    try:
        if path.name == "results.json":
            json.loads(content)
        elif path.name == "junit.xml":
            ET.fromstring(content)
    except (ValueError, ET.ParseError):
        return False
    return path.suffix != ".png" or content.endswith(b"IEND\xaeB`\x82")


def judge_again(first: Ran, again: Ran, output: Path, reference: Reference, lied: bool) -> list[str]:
    """The second run succeeds with the very files of an undisturbed one, and trains nothing that was finished.

    `lied` says that the disk kept nothing of what it said was written, so that training again is right.
    """
    faults = []
    if again.code or again.left or again.hung:
        faults.append(f"the second run ends with {name_end(again)}: {again.err[-600:]} {again.out[-300:]}")
    now = read_contents(output)
    if now != reference.contents:
        faults.append(f"the second run's results differ: {_differences(now, reference.contents)}")
    done = {match["run"] for match in _SHOWN.finditer(first.out) if match["status"] in ("finished", "kept")}
    kept = {match["run"] for match in _SHOWN.finditer(again.out) if match["status"] == "kept"}
    if not lied and not done <= kept:
        faults.append(f"trained again though it was finished: {sorted(done - kept)}")
    log_bytes = sum(path.stat().st_size for path in (output / "logs").rglob("*") if path.is_file())
    if log_bytes > MOST_LOG_BYTES:
        faults.append(f"logs hold {log_bytes} bytes")
    return faults


def _differences(now: dict[str, Any], expected: dict[str, Any]) -> str:
    extra, missing = sorted(now.keys() - expected.keys()), sorted(expected.keys() - now.keys())
    other = sorted(name for name in now.keys() & expected.keys() if now[name] != expected[name])
    return f"{extra=} {missing=} {other=}"
