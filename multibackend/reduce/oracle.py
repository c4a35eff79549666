"""The oracle: one process a setup that stays, and runs each candidate script there."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from multibackend.engine.backends import environment_variables, get_backend
from multibackend.errors import MultibackendError
from multibackend.launch.child import Child, stop
from multibackend.reduce.setup import Setup, list_setups

START_SECONDS = 180.0
"""Seconds for a process to import its framework: a cold one takes up to a minute."""

SCRIPT_SECONDS = 60.0
"""Seconds for one script; half a second is usual. One that takes longer counts as not failing."""

RUNNER = ("-P", "-m", "multibackend.reduce.runner")

NO_ANSWER = "the process ended, or took too long"

Got = np.ndarray | str
"""The result of a script in a setup: its numbers, flat, or the error that ended it."""


class Oracle:
    """A context in which scripts run on every backend, each asked once; one that ends or hangs is started anew.

    Each process runs the Python file `preload_file` before any script, except the bare ones of the suspects.
    """

    def __init__(
        self, pythons: Mapping[str, str], logs: Path, preload: Path | None = None, suspects: Sequence[str] = ()
    ) -> None:
        self.pythons, self.preload_file = dict(pythons), preload
        self.versions: dict[str, str] = {}
        self._logs = logs
        self._setups = list_setups(tuple(pythons), tuple(suspects), has_preload=preload is not None)
        self._seen: dict[tuple[str, str, Setup], Got] = {}
        self._children: dict[Setup, Child] = {}

    def preload(self, path: Path) -> None:
        """Let every process but the bare ones run another preload; what earlier scripts gave is forgotten."""
        self.preload_file = path
        self._seen.clear()
        self._run_preload(list(self._children))

    def __enter__(self) -> Oracle:
        try:
            self._start(self._setups)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, script: str, precision: str, setups: Sequence[Setup], again: bool = False) -> dict[Setup, Got]:
        """Return what a script leaves in `got` in each setup; as remembered, unless it is to run again."""
        asked = [setup for setup in setups if again or (script, precision, setup) not in self._seen]
        for setup in asked:
            self._children[setup].ask({"script": script, "precision": precision})
        for setup, got in self._gather(asked).items():
            self._seen[script, precision, setup] = got
        return {setup: self._seen[script, precision, setup] for setup in setups}

    def extract(self, backend: str, experiment: str, profile: str, seed: int, arrays: Path) -> dict[str, Any]:
        """Describe an experiment's model and data on one backend, without the preload where that can be.

        Raises:
            MultibackendError: the experiment can't be described there.
        """
        bare = Setup(backend, bare=True)
        child = self._children[bare if bare in self._children else Setup(backend)]
        child.ask({"experiment": experiment, "profile": profile, "seed": seed, "arrays": str(arrays)})
        answer = child.wait_for_event(START_SECONDS) or {"error": f"no answer; log: {child.log}"}
        if "description" not in answer:
            raise MultibackendError(f"experiment {experiment}: can't be described on {backend}: {answer['error']}")
        description: dict[str, Any] = answer["description"]
        return description

    def list_concerned(self, suspect: str) -> list[Setup]:
        """Return the setups that judge a suspect: its own first, then the others, the quickest to answer first."""
        others = [setup for setup in self._setups if not setup.bare and setup.backend != suspect]
        if self.preload_file:
            others.append(Setup(suspect, bare=True))
        return [Setup(suspect), *sorted(others, key=lambda setup: get_backend(setup.backend).script_seconds)]

    def _gather(self, setups: Sequence[Setup]) -> dict[Setup, Got]:
        """Wait for the answer of each; start those anew that gave none."""
        results: dict[Setup, Got] = {}
        lost = []
        for setup in setups:
            answer = self._children[setup].wait_for_event(SCRIPT_SECONDS)
            if answer is None:
                lost.append(setup)
            results[setup] = read_answer(answer)
        for setup in lost:
            self._children.pop(setup).close()
        if lost:
            self._start(lost)
        return results

    def _start(self, setups: Sequence[Setup]) -> None:
        for setup in setups:
            environment = {**os.environ, **environment_variables(setup.backend, "cpu", 1)}
            command = [self.pythons[setup.backend], *RUNNER]
            self._children[setup] = Child(command, environment, self._logs / setup.log_name, {"backend": setup.backend})
        for setup in setups:
            child = self._children[setup]
            answer = child.wait_for_event(START_SECONDS) or {}
            if "versions" not in answer:
                raise MultibackendError(
                    f"backend {setup.backend}: its process doesn't start; its log says why: {child.log}. "
                    "`multibackend doctor` says more."
                )
            self.versions |= answer["versions"]
        self._run_preload(setups)

    def _run_preload(self, setups: Sequence[Setup]) -> None:
        preloaded = [setup for setup in setups if self.preload_file and not setup.bare]
        for setup in preloaded:
            self._children[setup].ask({"preload": str(self.preload_file)})
        for setup in preloaded:
            answer = self._children[setup].wait_for_event(START_SECONDS) or {}
            if "preloaded" not in answer:
                why = answer.get("error", "it ended")
                raise MultibackendError(f"preload {self.preload_file}: fails on {setup.backend}: {why}")

    def _end(self) -> None:
        stop(list(self._children.values()))
        self._children.clear()


def read_answer(answer: Mapping[str, Any] | None) -> Got:
    """Return the numbers in an answer, or why there are none."""
    if answer is None:
        return NO_ANSWER
    if "got" in answer:
        return np.frombuffer(base64.b64decode(answer["got"]), "<f8")
    return str(answer.get("error", "no numbers"))
