"""Plays: commands to be disturbed, what lies in their folder before, and one run of each, disturbed or not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tracing
from fakes.stage import make_packages, python_path

COMMAND = str(Path(__file__).with_name("command.py"))
BACKENDS = ("jax", "torch")
LIMIT_SECONDS = 60.0
"""The limit of time for each step of a command."""

HANG_SECONDS = 300.0
"""A command takes 3 s, and what its own limits end a minute; one that takes this long hangs."""

LEAVING_SECONDS = 60.0
"""The time in which a worker must notice that its parent is gone, on a busy machine."""

TEMPORARY = "t"
"""The name of the folder for a run's temporary files."""

TRAIN = ("--backend", "jax", "--output", "OUT")
PARITY = ("parity", "first", "--backends", "jax,torch", "--precision", "float64", "--output", "OUT")
COMPARE = ("compare", "OUT", "--precision", "float64", "--output", "OUT/compared")


@dataclass(frozen=True)
class Play:
    """A command, OUT being its folder, and the commands that filled the folder before: with what is to be replaced."""

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]


PLAYS = {
    "train": Play(("train", *TRAIN), before=(("train", "first", *TRAIN, "--threads", "2"),)),
    "parity": Play(PARITY, before=((*PARITY, "--threads", "2"),)),
    "compare": Play((*COMPARE, "--backends", "jax,torch"), before=(PARITY, COMPARE)),
}


@dataclass
class Ran:
    """The end of a command: its exit code, what it printed, and the processes and temporary files that outlived it."""

    code: int
    out: str
    err: str
    hung: bool
    left: list[str]
    litter: list[str]


@dataclass(frozen=True)
class Theatre:
    """A folder in which plays run, with two frameworks that only look installed, and a Python for each backend.

    The Pythons note in which order they are started: the second that runs JAX is `jax 2`, and may be run by strace.
    """

    folder: Path

    def build(self) -> None:
        make_packages(self.folder / "packages")
        for backend in BACKENDS:
            path = self.folder / backend
            path.write_text(
                "#!/bin/sh\nn=1\n"
                f'while ! mkdir "$SURVIVAL_RUN/{backend} $n" 2>/dev/null; do n=$((n + 1)); done\n'
                f'test "{backend} $n" = "$SURVIVAL_ROLE" && exec $SURVIVAL_STRACE "{sys.executable}" "$@"\n'
                f'exec "{sys.executable}" "$@"\n'
            )
            path.chmod(0o755)

    def run(
        self,
        command: Sequence[str],
        output: Path,
        before: Sequence[str] = (),
        role: str = "",
        seconds: float = LIMIT_SECONDS,
        meanwhile: Callable[[subprocess.Popen[bytes], str], None] | None = None,
    ) -> Ran:
        """Run a command to its end; `before` stands before it, or before the Python that is to be `role`."""
        run = Path(tempfile.mkdtemp(prefix="run-"))  # not deep: a socket's path is short
        (run / TEMPORARY).mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(run / TEMPORARY),
            "MPLCONFIGDIR": str(self.folder),
            "PYTHONPATH": python_path(self.folder / "packages"),
            "PYTHONHASHSEED": "0",
            "MULTIBACKEND_PYTHON": " ".join(f"{backend}={self.folder / backend}" for backend in BACKENDS),
            "SURVIVAL_SECONDS": str(seconds),
            "SURVIVAL_RUN": str(run),
            "SURVIVAL_ROLE": role,
            "SURVIVAL_STRACE": " ".join(before),
        }
        arguments = [argument.replace("OUT", str(output)) for argument in command]
        limit = ["--time-limit", str(seconds)] if command[0] in ("train", "parity") else []
        whole = [*(() if role else before), sys.executable, COMMAND, *arguments, *limit]
        with (run / "out").open("wb") as screen, (run / "err").open("wb") as errors:
            process = subprocess.Popen(whole, env=environment, stdin=subprocess.DEVNULL, stdout=screen, stderr=errors)
            mark = f"SURVIVAL_RUN={run}"
            if meanwhile:
                meanwhile(process, mark)
            hung = _wait(process)
        left = _wait_for_end(mark)
        litter = [path.name for path in (run / TEMPORARY).iterdir()]
        out, err = ((run / name).read_text(errors="replace") for name in ("out", "err"))
        ran = Ran(process.wait(), out, err, hung, left, litter)
        shutil.rmtree(run)
        return ran


def _wait(process: subprocess.Popen[bytes]) -> bool:
    """Wait for a command's end; one that hangs is killed, and said to."""
    try:
        process.wait(HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return True
    return False


def _wait_for_end(mark: str) -> list[str]:
    """Wait for the end of all that a command started; kill and name what doesn't end."""
    deadline = time.monotonic() + LEAVING_SECONDS
    while (alive := tracing.find_processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    left = [tracing.describe(alive)] if alive else []
    tracing.send(signal.SIGKILL, alive)
    return left
