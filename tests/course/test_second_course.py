"""A course of another distribution is checked as the first one is, and its solutions are hidden just as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.courses import SOLUTION, install_tiny

READS_IT = """
import importlib.util
import pathlib
import sys

for folder in {folders}:
    for path in pathlib.Path(folder).rglob("t1_line.py"):
        exec(path.read_text())
from tiny_course.unit_t.t1_line import build_model
"""


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `multibackend check` where the second course is installed."""
    path = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-m", "multibackend", "check", *arguments, "--backend", "torch"],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": path, "MULTIBACKEND_LANGUAGE": "en"},
        timeout=300,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_tiny(tmp_path_factory.mktemp("installed"))


def test_its_solution_passes(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "t1_line.py").write_text(SOLUTION)
    done = check(installed, "T1", str(tmp_path / "t1_line.py"), "--folder", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ 3/3  two parameters" in done.stdout
    assert "multibackend parity" in done.stdout


def test_a_submission_cannot_read_it(installed: Path, tmp_path: Path) -> None:
    source = READS_IT.format(folders=f"[{str(installed)!r}, *sys.path]")
    (tmp_path / "mine.py").write_text(source)
    done = check(installed, "T1", str(tmp_path / "mine.py"), "--folder", str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "0 of 3 marks" in done.stdout
    assert "No module named 'tiny_course" in done.stdout
