"""One examiner for a session of tests: this environment's backend, with Keras imported once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from multibackend.course.examination import Examiner
from multibackend.course.exercise import find
from multibackend.course.limits import Limits
from multibackend.course.verdict import Result, Submission


@pytest.fixture(scope="session")
def examiner() -> Iterator[Examiner]:
    """This environment's backend."""
    with Examiner(os.environ["KERAS_BACKEND"], sys.executable) as examiner:
        yield examiner


@pytest.fixture(scope="session")
def examine(examiner: Examiner) -> Callable[[str, str], Result]:
    """Judge a source as a submission to an exercise."""

    def judge(id: str, source: str) -> Result:
        exercise = find(id)
        return examiner.examine(Submission(exercise.filename, source), exercise.points(), Limits(), isolate=False)

    return judge
