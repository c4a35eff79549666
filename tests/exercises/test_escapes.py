"""No submission passes by anything but being right, or reaches what isn't its own.

Each file in `escapes/` is handed in as an answer to A1; none may get a point that it hasn't earned.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from multibackend.course.examination import Submission
from multibackend.course.exercise import find
from multibackend.course.limits import Limits

ESCAPES = sorted((Path(__file__).parent / "escapes").glob("*.py"))
LIMITS = Limits(seconds=4.0)

EARNED = {"endless_call": 1}
"""Marks for what is right in them, which is one layer, once."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")


def hand_in(examiner, source):
    exercise = find("A1")
    return examiner.examine(Submission(exercise.filename, source), exercise.points(), LIMITS, isolate=True)


def test_the_right_answer_passes_in_isolation(examiner):
    result = hand_in(examiner, find("A1").source)
    assert result.passed, result


@pytest.mark.parametrize("path", ESCAPES, ids=lambda path: path.stem)
def test_an_escape_earns_nothing(path, examiner):
    began = time.monotonic()
    result = hand_in(examiner, path.read_text(encoding="utf-8"))
    assert not result.passed
    assert result.marks == EARNED.get(path.stem, 0), result
    assert time.monotonic() - began < LIMITS.seconds + 5
    assert hand_in(examiner, find("A1").source).passed, "the next submission suffers"


def test_nothing_of_an_escape_is_left(examiner):
    """Files, processes and the judge's own folders are as they were."""
    before = _threads(), Path.cwd()
    for name in ("four_gigabytes_on_disk", "fork_bomb", "thread_bomb", "kills_others"):
        hand_in(examiner, (Path(__file__).parent / "escapes" / f"{name}.py").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 5
    while _children(examiner) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _children(examiner)
    assert (_threads(), Path.cwd()) == before
    assert not Path("/tmp/full").exists(), "what four_gigabytes_on_disk writes"


def test_what_a_submission_sees_is_little(examiner):
    """Neither this checkout, but for the package and its data, nor anyone's home."""
    root = Path(__file__).resolve().parents[2]
    source = f"""
import os
seen = [os.path.join({str(root)!r}, name) for name in os.listdir({str(root)!r})] if os.path.isdir({str(root)!r}) else []
raise ValueError(sorted(os.path.basename(name) for name in seen), os.environ["HOME"], os.getpid())
"""
    (first, *_) = hand_in(examiner, source).verdicts
    assert first.reason == "not loaded"
    assert first.got.endswith("'/tmp', 1)"), first.got
    for hidden in ("exercises", "tests", ".git", "README.md"):
        assert hidden not in first.got


def _children(examiner):
    process = examiner._process.pid
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def _threads():
    return threading.active_count(), len(list(Path("/proc/self/task").iterdir()))
