"""Options and what the tests share; at the end, a count of how the disturbed runs ended."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter

import pytest
from plays import Theatre

TALLY = "ended"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-point", action="store_true", help="Disturb every call in every way, not a sample.")


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """A place to run commands; where strace can't be, tests are skipped, and fail in CI."""
    if why := why_no_strace():
        (pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip)(why)
    theatre = Theatre(tmp_path_factory.mktemp("theatre"))
    theatre.build()
    return theatre


def why_no_strace() -> str:
    """Say why system calls can't be traced here; empty where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install strace"
    tried = subprocess.run(["strace", "-DDD", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace can't trace here: {tried.stderr.strip()}" if tried.returncode or tried.stderr else ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, [])]
    trials = [trial for report in reports for name, value in report.user_properties if name == TALLY for trial in value]
    if not trials:
        return
    terminalreporter.section("survival")
    points = {(play, point) for play, point, *_ in trials}
    terminalreporter.write_line(f"{len(trials)} trials at {len(points)} points")
    for (play, injury, ended), count in sorted(Counter((p, i, e) for p, _, i, e in trials).items()):
        terminalreporter.write_line(f"{play:<8} {injury:<12} {ended:<10} {count}")
