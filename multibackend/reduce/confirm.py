"""Confirming: the script as it was written, run on its own in a fresh process of each setup."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from multibackend.engine.backends import environment_variables
from multibackend.launch.child import Child, Ending
from multibackend.reduce.setup import Setup, list_setups

FRESH_SECONDS = 180.0
"""Seconds for one run, the framework's import included."""

PRELOADED = "import runpy, sys; [runpy.run_path(path, run_name='__main__') for path in sys.argv[1:]]"
"""A program that runs files one after another in one process."""


@dataclass(frozen=True)
class Run:
    """The end of a script, which passes, fails by its assertion, or breaks; and its last line."""

    ended: Literal["passes", "fails", "breaks"]
    line: str


def run_fresh(script: Path, pythons: Mapping[str, str], preload: Path | None, suspect: str) -> dict[Setup, Run]:
    """Run a script on each backend, all at once; with a preload, also without it on the suspect."""
    setups = list_setups(tuple(pythons), (suspect,), has_preload=preload is not None)
    with tempfile.TemporaryDirectory() as logs:
        children = {setup: _start(script, setup, pythons[setup.backend], preload, Path(logs)) for setup in setups}
        return {setup: _end(child) for setup, child in children.items()}


def _start(script: Path, setup: Setup, python: str, preload: Path | None, logs: Path) -> Child:
    command = [python, str(script)]
    if preload and not setup.bare:
        command = [python, "-c", PRELOADED, str(preload), str(script)]
    environment = {**os.environ, **environment_variables(setup.backend, "cpu", 1)}
    return Child(command, environment, logs / setup.log_name, None)


def _end(child: Child) -> Run:
    """Wait until a script has ended, which sends no events; kill one that takes too long."""
    child.wait_for_event(FRESH_SECONDS)
    over = child.has_exited
    ending, lines = child.close(), child.read_last_lines()
    return judge_ending(ending, lines) if over else Run("breaks", f"no end within {FRESH_SECONDS:.0f} s")


def judge_ending(ending: Ending, lines: list[str]) -> Run:
    """Judge a script by its exit code and by what it printed."""
    if ending.code == 0 and "OK" in lines:
        return Run("passes", "OK")
    asserted = next((line for line in reversed(lines) if line.startswith("AssertionError: got")), "")
    if ending.code and asserted:
        return Run("fails", asserted)
    return Run("breaks", lines[-1] if lines else str(ending))
