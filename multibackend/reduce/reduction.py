"""A reduction: from an experiment that parts to a script that shows it, tested on every backend."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from multibackend.experiments.experiment import Profile
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
"""Of the time, for finding a start; the rest is for making it simpler."""


@dataclass(frozen=True)
class Reproduction:
    """A script, and whether it is one: `problem` says in one line what is missing, or is empty.

    `runs` says how the script ended, alone, on each backend.
    """

    script: str
    backend: str
    runs: dict[Setup, Run]
    problem: str
    wall_seconds: float

    @property
    def lines(self) -> int:
        """Lines of the script."""
        return count_lines(self.script)


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
    """Reduce an experiment that parts to a script at `path`, within about so many seconds.

    Raises:
        MultibackendError: the experiment can't be taken apart, or a backend's process doesn't start.
    """
    began = time.monotonic()
    if difference.stage == "data":
        problem = f"{experiment}: its data differ between backends ({difference.detail}); a model's script has its own"
        return Reproduction("", "", {}, problem, time.monotonic() - began)
    description = _take_apart(experiment, difference, oracle, profile, seed)
    judging = Judging(oracle, description)
    found = judging.search(difference, began + SEARCH_SHARE * seconds)
    if found is None:
        missing = f"; {description.problems[0]}" if description.problems else ""
        where = f"{', '.join(difference.suspects)} at {difference.stage}"
        problem = f"{experiment}: no script of layers, loss and optimizer alone fails as found ({where}){missing}"
        return Reproduction("", "", {}, problem, time.monotonic() - began)
    candidate, suspect = found
    smallest = shrink(candidate, CHANGES, judging.fails_on(suspect), began + seconds)
    text = judging.write(smallest, suspect)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    runs = run_fresh(path.resolve(), oracle.pythons, oracle.preload_file, suspect)
    problem = _find_problem(runs, suspect, count_lines(text))
    return Reproduction(text, suspect, runs, problem, time.monotonic() - began)


def _take_apart(experiment: str, difference: Difference, oracle: Oracle, profile: Profile, seed: int) -> Description:
    """Describe an experiment, on a backend that isn't suspected where there is one."""
    backend = next((name for name in oracle.pythons if name not in difference.suspects), next(iter(oracle.pythons)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays.safetensors"
        content = oracle.extract(backend, experiment, profile, seed, file)
        return read_description(content, load_file(file))


def _find_problem(runs: Mapping[Setup, Run], suspect: str, lines: int) -> str:
    """Why a script is no reproduction, or ""."""
    if lines > MOST_LINES:
        return f"the smallest script that fails has {lines} lines; expected at most {MOST_LINES}"
    expected = {setup: "fails" if setup == Setup(suspect) else "passes" for setup in runs}
    wrong = [setup for setup, run in runs.items() if run.ended != expected[setup]]
    if wrong:
        run = runs[wrong[0]]
        return f"run alone on {wrong[0]}, the script {run.ended} ({run.line}); not so among other scripts"
    return ""


class Judging:
    """Asks the oracle about candidates of one experiment."""

    def __init__(self, oracle: Oracle, description: Description) -> None:
        self._oracle, self._description = oracle, description

    def search(self, difference: Difference, deadline: float) -> tuple[Candidate, str] | None:
        """A candidate that fails, and on which suspect: on simple data first; in float32 where the finding is there."""
        precisions = dict.fromkeys([*difference.precisions, "float32", "float64"])
        for level, precision, suspect in product(range(LEVELS), precisions, difference.suspects):
            starts = list_starts(self._description, difference.stage, difference.places, level)
            candidates = (start.but(precision=precision) for start in starts)
            found = find_failing(candidates, self.fails_on(suspect), deadline)
            if found is not None:
                return found, suspect
        return None

    def judge(self, candidate: Candidate, suspect: str) -> Failure | None:
        """How a candidate fails on a suspect; None where it doesn't, or can't be written."""
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
        """Whether a script gives the same numbers twice; what an unseeded initializer draws may differ by chance."""
        if candidate.probe in ("weights", "statistics"):
            return True  # what is random there isn't compared, or only its statistics are
        first = self._oracle.ask(body, candidate.precision, setups)
        again = self._oracle.ask(body, candidate.precision, setups, again=True)
        return all(np.array_equal(first[setup], again[setup], equal_nan=True) for setup in setups)

    def fails_on(self, suspect: str) -> Fails:
        """Whether a candidate fails on a suspect."""
        return lambda candidate: self.judge(candidate, suspect) is not None

    def write(self, candidate: Candidate, suspect: str) -> str:
        """The script of a candidate that fails."""
        failure = self.judge(candidate, suspect)
        assert failure is not None
        chosen = candidate.but(elements=failure.elements)
        body = write_body(chosen, self._description.definitions)
        header = write_header(candidate, failure, self._oracle.versions, tuple(self._oracle.pythons))
        return write_script(header, body, failure.expected, failure.tolerance)
