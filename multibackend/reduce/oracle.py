"""The oracle: one process a backend that stays, and runs each candidate script there."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from multibackend.engine.backends import environment_variables, get_backend
from multibackend.errors import MultibackendError

START_SECONDS = 180.0
"""For a process to import its framework: a cold one takes up to a minute."""

SCRIPT_SECONDS = 60.0
"""For one script; usual is half a second. One that takes longer counts as not failing."""

RUNNER = ("-P", "-m", "multibackend.reduce.runner")

ALONE = " alone"
"""Marks the process of a suspect without the code that is run before the scripts: the script must pass there."""

Got = np.ndarray | str
"""What a script gave on a backend: its numbers, flat, or the error that ended it."""


class Process:
    """One backend's process. Its standard error goes to a log."""

    def __init__(self, command: Sequence[str], backend: str, log: Path) -> None:
        self.backend, self.log = backend, log
        environment = {**os.environ, **environment_variables(backend, "cpu", 1)}
        try:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise MultibackendError(
                f"{command[0]}: can't be started ({error}); give another interpreter with --python {backend}=PATH."
            ) from error

    def send(self, request: Mapping[str, Any]) -> None:
        """Hand over a request; one that has ended is found out by `receive`."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The next answer; None where none comes in time, or the process has ended."""
        assert self._process.stdout is not None
        pieces, deadline, number = b"", time.monotonic() + seconds, self._process.stdout.fileno()
        while not pieces.endswith(b"\n"):
            ready, _, _ = select.select([number], [], [], max(0.0, deadline - time.monotonic()))
            block = os.read(number, 1 << 16) if ready else b""
            if not block:
                return None
            pieces += block
        answer: dict[str, Any] = json.loads(pieces)
        return answer

    def end(self) -> None:
        """Kill it, with all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


class Oracle:
    """Runs scripts on all backends at once; remembers what it ran. `versions` says what they have installed.

    `preload` is code that each backend's process runs first; the suspects then have a second process without it.
    """

    def __init__(
        self, pythons: Mapping[str, str], logs: Path, preload: Path | None = None, suspects: Sequence[str] = ()
    ) -> None:
        self._commands = {backend: [python, *RUNNER, backend] for backend, python in pythons.items()}
        if preload:
            self._commands |= {name + ALONE: [pythons[name], *RUNNER, name] for name in suspects}
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = {name: logs / f"reduce-{name.replace(' ', '-')}.log" for name in self._commands}
        self.pythons, self.preload_file = dict(pythons), preload
        self._seen: dict[tuple[str, str, str], Got] = {}
        self._processes: dict[str, Process] = {}
        self.versions: dict[str, str] = {}

    def preload(self, path: Path) -> None:
        """Let every process but those without run another preload; what it ran before is forgotten."""
        self.preload_file = path
        self._seen.clear()
        self._run_preload([name for name in self._processes if not name.endswith(ALONE)])

    def __enter__(self) -> Oracle:
        try:
            self._start(list(self._commands))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, script: str, precision: str, names: Sequence[str], again: bool = False) -> dict[str, Got]:
        """What a script leaves in `got`, for each of these backends; as remembered, unless it is to run again."""
        asked = [name for name in names if again or (script, precision, name) not in self._seen]
        for name in asked:
            self._processes[name].send({"script": script, "precision": precision})
        for name, got in self._gather(asked).items():
            self._seen[script, precision, name] = got
        return {name: self._seen[script, precision, name] for name in names}

    def extract(self, backend: str, experiment: str, profile: str, seed: int, arrays: Path) -> dict[str, Any]:
        """Describe an experiment's model and data, on one backend.

        Raises:
            MultibackendError: that fails there.
        """
        name = backend + ALONE if backend + ALONE in self._processes else backend
        process = self._processes[name]
        process.send({"experiment": experiment, "profile": profile, "seed": seed, "arrays": str(arrays)})
        answer = process.receive(START_SECONDS) or {"error": f"no answer; log: {process.log}"}
        if "description" not in answer:
            raise MultibackendError(f"experiment {experiment}: can't be taken apart on {backend}: {answer['error']}")
        description: dict[str, Any] = answer["description"]
        return description

    def _gather(self, names: Sequence[str]) -> dict[str, Got]:
        results: dict[str, Got] = {}
        lost = []
        for name in names:
            answer = self._processes[name].receive(SCRIPT_SECONDS)
            if answer is None:
                lost.append(name)
                results[name] = "the process ended, or took too long"
            elif "got" in answer:
                results[name] = np.frombuffer(base64.b64decode(answer["got"]), "<f8")
            else:
                results[name] = str(answer.get("error", "no numbers"))
        for name in lost:
            self._processes.pop(name).end()
        if lost:
            self._start(lost)
        return results

    def list_concerned(self, suspect: str) -> list[str]:
        """The processes that judge a suspect: its own first, then the others, which answers soonest before the rest."""
        others = [name for name in self._commands if not name.endswith(ALONE) and name != suspect]
        if self.preload_file:
            others.append(suspect + ALONE)
        return [suspect, *sorted(others, key=lambda name: get_backend(name.removesuffix(ALONE)).script_seconds)]

    def _start(self, backends: Sequence[str]) -> None:
        for backend in backends:
            self._processes[backend] = Process(
                self._commands[backend], backend.removesuffix(ALONE), self._logs[backend]
            )
        for backend in backends:
            answer = self._processes[backend].receive(START_SECONDS)
            if answer is None or "ready" not in answer:
                raise MultibackendError(f"backend {backend}: its process doesn't start; log: {self._logs[backend]}")
            self.versions |= answer["versions"]
        self._run_preload([name for name in backends if not name.endswith(ALONE)])
        self._processes = {backend: self._processes[backend] for backend in self._commands}

    def _run_preload(self, backends: Sequence[str]) -> None:
        for backend in backends if self.preload_file else ():
            self._processes[backend].send({"preload": str(self.preload_file)})
        for backend in backends if self.preload_file else ():
            answer = self._processes[backend].receive(START_SECONDS) or {}
            if "preloaded" not in answer:
                raise MultibackendError(
                    f"preload {self.preload_file}: fails on {backend}: {answer.get('error', 'it ended')}"
                )

    def _end(self) -> None:
        for process in self._processes.values():
            process.end()
        self._processes.clear()
