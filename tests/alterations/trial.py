"""Trials: an alteration through the front door, `multibackend compare`, and its result."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from alterations.corpus import Alteration
from click.testing import CliRunner

from multibackend import report
from multibackend.cli import main

SECONDS = 20
"""A trial that takes longer counts as hanging; a second is usual."""


class Hang(BaseException):
    """A trial that didn't end; no `except Exception` catches it."""


@dataclass(frozen=True)
class Trial:
    """The result of the command: `refused` (no comparison), `failed`, `noted`, `passed`, `traceback` or `hang`."""

    end: str
    seconds: float
    said: str

    def fits(self, expected: str) -> bool:
        """Say whether this is an allowed result of the alteration."""
        allowed = {"wrong": ("refused", "failed"), "said": ("refused", "failed", "noted"), "harmless": ("passed",)}
        return self.end in allowed[expected]


def try_alteration(alteration: Alteration, healthy: Path, scratch: Path, figures: bool = False) -> Trial:
    """Alter a copy of the healthy records and compare them; figures, which take most of the time, are left out."""
    records, output = scratch / "records", scratch / "compared"
    for folder in (records, output):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(healthy, records)
    alteration.change(records)
    start = time.monotonic()
    command = ["compare", str(records), "--output", str(output)]
    try:
        with _limit(SECONDS), _drawing(figures):
            result = CliRunner().invoke(main, command, catch_exceptions=True)
    except Hang:
        return Trial("hang", time.monotonic() - start, "")
    seconds = time.monotonic() - start
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return Trial("traceback", seconds, f"{type(result.exception).__name__}: {result.exception}")
    found = output / "results.json"
    if not found.is_file():
        return Trial("refused" if result.exit_code else "passed", seconds, result.stderr.strip())
    results = json.loads(found.read_text())
    if result.exit_code:
        failures = [f"{f['stage']}: {f['detail']}" for f in results["first_failures"]]
        failures += [f"{a['run']['experiment']}: {a['reason']}" for a in results["failed"]]
        return Trial("failed", seconds, failures[0] if failures else result.output.strip().splitlines()[-1])
    notes = [note["text"] for note in results["notes"]]
    return Trial("noted" if notes else "passed", seconds, notes[0] if notes else "")


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _drawing(figures: bool) -> Iterator[None]:
    if figures:
        yield
        return
    with patch.object(report, "draw_figures", lambda *_: []):
        yield
