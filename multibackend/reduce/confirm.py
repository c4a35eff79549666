"""Confirming: the script as it was written, run on its own in a fresh process of each backend."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from multibackend.engine.backends import environment_variables
from multibackend.reduce.oracle import ALONE

FRESH_SECONDS = 180.0
"""For one run, the framework's import included."""

PRELOADED = "import runpy, sys; [runpy.run_path(path, run_name='__main__') for path in sys.argv[1:]]"
"""Runs files one after another in one process."""


@dataclass(frozen=True)
class Run:
    """How a script ended on a backend: "passes", "fails" (by its assertion) or "breaks", and its last line."""

    ended: str
    line: str


def run_fresh(script: Path, pythons: Mapping[str, str], preload: Path | None, suspect: str) -> dict[str, Run]:
    """Run a script on each backend, all at once; with a preload, also without it on the suspect."""
    names = [*pythons, *([suspect + ALONE] if preload else [])]
    started = {name: _start(script, name, pythons, preload) for name in names}
    return {name: _end(process) for name, process in started.items()}


def _start(script: Path, name: str, pythons: Mapping[str, str], preload: Path | None) -> subprocess.Popen[str]:
    backend = name.removesuffix(ALONE)
    command = [pythons[backend], str(script)]
    if preload and name == backend:
        command = [pythons[backend], "-c", PRELOADED, str(preload), str(script)]
    environment = {**os.environ, **environment_variables(backend, "cpu", 1)}
    return subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        errors="replace",
    )


def _end(process: subprocess.Popen[str]) -> Run:
    try:
        output, errors = process.communicate(timeout=FRESH_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Run("breaks", f"no end within {FRESH_SECONDS:.0f} s")
    lines = [line.strip() for line in errors.splitlines() if line.strip()] or [""]
    if process.returncode == 0 and output.rstrip().endswith("OK"):
        return Run("passes", "OK")
    asserted = next((line for line in reversed(lines) if line.startswith("AssertionError: got")), "")
    return Run("fails", asserted) if process.returncode and asserted else Run("breaks", lines[-1])
