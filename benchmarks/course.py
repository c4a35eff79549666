"""Measure how long a student waits: `python -m benchmarks.course`.

It times, for each backend, an isolated check of each reference solution by a process that has imported Keras (as
`watch` checks again), `multibackend check A1` from the command line, and the time from a save to the marks under
`watch`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from multibackend.course.examination import Examiner
from multibackend.course.exercise import exercises, find
from multibackend.course.limits import Limits
from multibackend.course.verdict import Submission
from multibackend.engine.backends import BACKENDS
from multibackend.launch.choosing import name_pythons

ROUNDS = 5


def time_checks(backend: str, python: str) -> dict[str, float]:
    """Time each exercise's second check; the first doesn't count, because a backend may keep what it compiles."""
    seconds = {}
    with Examiner(backend, python) as examiner:
        for id, exercise in exercises().items():
            for _ in range(2):
                began = time.perf_counter()
                submission = Submission(exercise.filename, exercise.source)
                assert examiner.examine(submission, exercise.points(), Limits(), isolate=True).passed
                seconds[id] = time.perf_counter() - began
    return seconds


def time_command(backend: str) -> float:
    """Return the median seconds of `multibackend check A1`, from start to end."""
    return statistics.median(_time_command(backend) for _ in range(ROUNDS))


def _time_command(backend: str) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "multibackend", "check", "A1", str(find("A1").path), "--backend", backend]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def time_watch(backend: str) -> float:
    """Return the median seconds from a save to the marks of `multibackend watch A1`."""
    source, seconds = find("A1").source, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a1_dense_layer.py"
        path.write_text(source)
        command = [sys.executable, "-u", "-m", "multibackend", "watch", "A1", "--backend", backend, "--language", "en"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            _read_until(process.stdout, "Watching")
            for i in range(ROUNDS):
                time.sleep(0.3)
                path.write_text(f"{source}# {i}\n")
                began = time.perf_counter()
                _read_until(process.stdout, "marks")
                seconds.append(time.perf_counter() - began)
                _read_until(process.stdout, "Watching")
            process.terminate()
    return statistics.median(seconds)


def _read_until(lines: Iterable[str], text: str) -> None:
    next(line for line in lines if text in line)


def main() -> None:
    """Print a table in Markdown."""
    print("| backend | check, median | check, longest | `check A1`, whole command | save to marks, `watch A1` |")
    print("|---|---|---|---|---|")
    for backend in BACKENDS:
        seconds = time_checks(backend, name_pythons(())[backend])
        longest = max(seconds, key=lambda id: seconds[id])
        print(
            f"| {backend} | {statistics.median(seconds.values()):.2f} s | {seconds[longest]:.1f} s ({longest}) "
            f"| {time_command(backend):.1f} s | {time_watch(backend):.2f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
