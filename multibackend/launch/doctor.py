"""The doctor: what this machine has, what it lacks, and what to type to fix that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from multibackend.datasets.builtin import DataState, data_status
from multibackend.engine.backends import BACKENDS, get_backend
from multibackend.errors import MultibackendError
from multibackend.launch.child import Child
from multibackend.launch.output_folder import check_writable
from multibackend.launch.probing import Interpreter, probe_all, problem_of
from multibackend.launch.request import Request, start_worker
from multibackend.launch.settings import Settings
from multibackend.report.console import plain

DEVICE_SECONDS = 180.0
"""Limit for a backend to say its device; a first CUDA start compiles kernels."""

NVIDIA_SECONDS = 10.0


@dataclass(frozen=True)
class BackendState:
    """One backend: its interpreter, or None and the problem; `device` is empty unless asked for."""

    backend: str
    interpreter: Interpreter | None
    problem: str
    device: str = ""


@dataclass(frozen=True)
class Examination:
    """All that the doctor found."""

    backends: tuple[BackendState, ...]
    data: tuple[DataState, ...]
    machine: dict[str, str]
    output_problem: str

    @property
    def can_train(self) -> bool:
        """True if some backend can train and its records can be written."""
        return not self.output_problem and any(not state.problem for state in self.backends)

    @property
    def cures(self) -> list[str]:
        """The things that are missing, a line each, which ends with what to type."""
        data = [f"data {each.name} is {each.state}: {each.cure}" for each in self.data if each.cure]
        problems = [state.problem for state in self.backends] + [self.output_problem]
        return [problem for problem in problems if problem] + data


def examine(pythons: Mapping[str, str], output: Path, devices: bool) -> Examination:
    """Look at interpreters, data, machine and output folder; with `devices`, start each backend that is ready."""
    # A backend that doesn't train is asked for by name, and so its Python is.
    wanted = {name: python for name, python in pythons.items() if name in BACKENDS or python != sys.executable}
    states = [_state(backend, answer) for backend, answer in probe_all(wanted).items()]
    if devices:
        with ThreadPoolExecutor(max_workers=len(states)) as pool:
            states = list(pool.map(_with_device, states))
    return Examination(tuple(states), tuple(data_status()), _machine(), _output_problem(output))


def _state(backend: str, answer: Interpreter | MultibackendError) -> BackendState:
    return BackendState(backend, answer if isinstance(answer, Interpreter) else None, problem_of(answer))


def _with_device(state: BackendState) -> BackendState:
    """Start the backend's worker with nothing to train; it says its device before it ends."""
    if state.problem or state.interpreter is None:
        return state
    with tempfile.TemporaryDirectory() as folder:
        request = Request(state.backend, state.interpreter.python, Settings(), "", Path(folder), ())
        child = start_worker(request)
        device = _wait_for_device(child)
        over = child.has_exited
        ending = child.close()
        words = child.last_log_line()
    why = ending if over else f"no answer in {DEVICE_SECONDS:g} s"
    problem = "" if device else f"backend {state.backend}: doesn't start ({why}; last words: {words!r})"
    return BackendState(state.backend, state.interpreter, problem, device)


def _wait_for_device(child: Child) -> str:
    deadline = time.monotonic() + DEVICE_SECONDS
    while time.monotonic() < deadline:
        over = child.has_exited
        for event in child.read_events():
            if event.get("event") == "ready":
                return str(event.get("device"))
        if over:
            break
        time.sleep(0.05)
    return ""


def _machine() -> dict[str, str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"CPU cores": str(cores), "memory": f"{gib:.1f} GiB", "NVIDIA GPUs": _gpus()}


def _gpus() -> str:
    """List the cards that `nvidia-smi` shows, or say that the driver doesn't answer."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return "none (no nvidia-smi); training uses the CPU"
    try:
        answer = subprocess.run(
            [command, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi fails: {error}"
    return "; ".join(answer.stdout.split("\n")).strip("; ") or "none"


def _output_problem(output: Path) -> str:
    """Try to write to the folder, and say what went wrong; a folder that this made is removed again."""
    made = not output.exists()
    try:
        check_writable(output)
    except MultibackendError as error:
        return str(error)
    if made:
        output.rmdir()
    return ""


def print_examination(examination: Examination, console: Console) -> None:
    """Show tables of what is there, then a line for each thing that is missing."""
    console.print(_backend_table(examination))
    console.print(_data_table(examination))
    for name, value in examination.machine.items():
        console.print(plain(f"{name}: {value}"), soft_wrap=True)
    console.print(f"output folder: {'can be written' if not examination.output_problem else 'can NOT be written'}")
    if not examination.cures:
        console.print(Text("Nothing is missing.", "green"))
    for cure in examination.cures:
        for line in cure.splitlines():
            console.print(plain(line, "yellow"), soft_wrap=True)


def _backend_table(examination: Examination) -> Table:
    table = Table(title="Backends", title_justify="left")
    for heading in ("backend", "state", "framework", "Keras", "Python", "interpreter"):
        table.add_column(heading, overflow="fold")
    if any(state.device for state in examination.backends):
        table.add_column("device")
    for state in examination.backends:
        verdict = Text("missing", "red") if state.problem else Text("ready", "green")
        device = [state.device] if len(table.columns) > 6 else []
        table.add_row(state.backend, verdict, *map(plain, [*_installed(state), *device]))
    return table


def _installed(state: BackendState) -> list[str]:
    if state.interpreter is None:
        return ["-", "-", "-", "-"]
    versions = state.interpreter.versions
    framework = " + ".join(
        f"{name} {versions[name]}" for package in get_backend(state.backend).packages if versions[name := package.name]
    )
    return [framework or "-", versions["keras"] or "-", versions["python"] or "-", state.interpreter.python]


def _data_table(examination: Examination) -> Table:
    table = Table(title="Data", title_justify="left")
    for heading in ("data", "state", "where"):
        table.add_column(heading, overflow="fold")
    for each in examination.data:
        table.add_row(each.name, Text(each.state, "yellow" if each.cure else "green"), plain(each.place))
    return table
