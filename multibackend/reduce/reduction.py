"""A reduction: from an experiment that differs on a backend to a script that shows it, tested on every backend."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Profile
from multibackend.files import write_whole
from multibackend.reduce.candidate import Candidate, find_names
from multibackend.reduce.confirm import Run, run_fresh
from multibackend.reduce.description import LEVELS, Description, read_description
from multibackend.reduce.difference import Difference
from multibackend.reduce.header import write_header
from multibackend.reduce.judge import Failure, judge
from multibackend.reduce.oracle import Oracle
from multibackend.reduce.script import MOST_LINES, count_lines, write_body, write_script
from multibackend.reduce.setup import Setup
from multibackend.reduce.shrink import Fails, find_failing, shrink
from multibackend.reduce.simplify import CHANGES
from multibackend.reduce.starts import list_starts

SEARCH_SHARE = 0.7
"""The share of the time for finding a start; the rest is for making it simpler."""


@dataclass(frozen=True)
class Reproduction:
    """A script that shows a difference; where it doesn't, `problem` says in one line why ("" otherwise).

    `runs` says how the script ended, run alone, in each setup.
    """

    script: str
    backend: str
    runs: dict[Setup, Run]
    problem: str
    wall_seconds: float

    @property
    def lines(self) -> int:
        """The number of lines of the script."""
        return count_lines(self.script)


@dataclass(frozen=True)
class Found:
    """A candidate that fails, and the suspect that it fails on."""

    candidate: Candidate
    suspect: str


def reduce_experiment(
    experiment: str,
    difference: Difference,
    oracle: Oracle,
    path: Path,
    *,
    profile: Profile = "quick",
    seed: int = 0,
    seconds: float,
) -> Reproduction:
    """Reduce an experiment that differs to a script at `path`, within about so many seconds.

    Raises:
        MultibackendError: the experiment can't be described, or a backend's process doesn't start.
    """
    began = time.monotonic()
    if difference.stage == "data":
        problem = f"{experiment}: its data differ between backends ({difference.detail}); a model's script has its own"
        return Reproduction("", "", {}, problem, time.monotonic() - began)
    description = _describe(experiment, difference, oracle, profile, seed)
    judging = Judging(oracle, description)
    found = judging.search(difference, began + SEARCH_SHARE * seconds)
    if found is None:
        missing = f"; {description.problems[0]}" if description.problems else ""
        where = f"{', '.join(difference.suspects)} at {difference.stage}"
        problem = f"{experiment}: no script of layers, loss and optimizer alone fails as found ({where}){missing}"
        return Reproduction("", "", {}, problem, time.monotonic() - began)
    smallest = shrink(found.candidate, CHANGES, judging.fails_on(found.suspect), began + seconds)
    text = judging.write(smallest, found.suspect)
    write_script_file(path, text)
    runs = run_fresh(path.resolve(), oracle.pythons, oracle.preload_file, found.suspect)
    problem = _find_problem(runs, found.suspect, count_lines(text))
    return Reproduction(text, found.suspect, runs, problem, time.monotonic() - began)


def write_script_file(path: Path, text: str) -> None:
    """Write the script whole or not at all.

    Raises:
        MultibackendError: it can't be written.
    """
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise MultibackendError(
            f"script {path}: can't be written: {error}; give another file with --script."
        ) from error


def _describe(experiment: str, difference: Difference, oracle: Oracle, profile: Profile, seed: int) -> Description:
    """Describe an experiment, on a backend that isn't suspected where there is one."""
    backend = next((name for name in oracle.pythons if name not in difference.suspects), next(iter(oracle.pythons)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays.safetensors"
        content = oracle.extract(backend, experiment, profile, seed, file)
        return read_description(content, load_file(file))


def _find_problem(runs: Mapping[Setup, Run], suspect: str, lines: int) -> str:
    """Say why a script is no reproduction; "" where it is one."""
    if lines > MOST_LINES:
        return f"the smallest script that fails has {lines} lines; expected at most {MOST_LINES}"
    expected = {setup: "fails" if setup == Setup(suspect) else "passes" for setup in runs}
    wrong = [setup for setup, run in runs.items() if run.ended != expected[setup]]
    if wrong:
        run = runs[wrong[0]]
        return f"run alone on {wrong[0]}, the script {run.ended} ({run.line}); not so among other scripts"
    return ""


class Judging:
    """A judge of candidates of one experiment, which asks the oracle."""

    def __init__(self, oracle: Oracle, description: Description) -> None:
        self._oracle, self._description = oracle, description

    def search(self, difference: Difference, deadline: float) -> Found | None:
        """Find a candidate that fails: on simple data first, and in the precisions that differ first."""
        precisions = dict.fromkeys([*difference.precisions, "float32", "float64"])
        for level, precision, suspect in product(range(LEVELS), precisions, difference.suspects):
            starts = list_starts(self._description, difference.stage, difference.places, level)
            candidates = (start.but(precision=precision) for start in starts)
            found = find_failing(candidates, self.fails_on(suspect), deadline)
            if found is not None:
                return Found(found, suspect)
        return None

    def judge(self, candidate: Candidate, suspect: str) -> Failure | None:
        """Judge how a candidate fails on a suspect; None where it doesn't, or can't be written."""
        if any(name not in self._description.definitions for name in find_names(candidate)):
            return None
        body = write_body(candidate, self._description.definitions)
        setups = self._oracle.list_concerned(suspect)
        for asked in (setups[:2], setups):  # most candidates need no more than two backends to be told sound
            failure = judge(candidate, self._oracle.ask(body, candidate.precision, asked), Setup(suspect))
            if failure is None:
                return None
        return failure if candidate.weights != "initial" or self._repeats(candidate, body, setups) else None

    def _repeats(self, candidate: Candidate, body: str, setups: list[Setup]) -> bool:
        """Return whether a script gives the same numbers twice: an unseeded initializer's may differ by chance."""
        if candidate.probe in ("weights", "statistics"):
            return True  # what is random there isn't compared, or only its statistics are
        first = self._oracle.ask(body, candidate.precision, setups)
        again = self._oracle.ask(body, candidate.precision, setups, again=True)
        return all(np.array_equal(first[setup], again[setup], equal_nan=True) for setup in setups)

    def fails_on(self, suspect: str) -> Fails:
        """Return a function that says whether a candidate fails on a suspect."""
        return lambda candidate: self.judge(candidate, suspect) is not None

    def write(self, candidate: Candidate, suspect: str) -> str:
        """Write the script of a candidate that fails."""
        failure = self.judge(candidate, suspect)
        assert failure is not None
        chosen = candidate.but(elements=failure.elements)
        body = write_body(chosen, self._description.definitions)
        header = write_header(candidate, failure, self._oracle.versions, tuple(self._oracle.pythons))
        return write_script(header, body, failure.expected, failure.tolerance)
