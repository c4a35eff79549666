"""Stand-ins for frameworks, the course and the worker, so that tests of launching need none of them."""

import contextlib
import functools
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import multibackend
import multibackend.experiments.catalogue
from multibackend.experiments.course import Course, CourseExperiment
from multibackend.experiments.registry import Registry
from multibackend.launch import pool

WORKER = str(Path(__file__).with_name("worker.py"))
SOURCE = str(Path(multibackend.__file__).parents[1])
EXPERIMENTS = (
    "finishes", "ends", "raises", "crashes", "killed", "hangs", "leaves", "fatal", "babbles", "unavailable",
    "dies-before-ready", "waits", "daemonises", "floods", "scribbles", "closes", "mute",
)  # fmt: skip
PACKAGES = ("jax", "jaxlib", "tensorflow", "torch", "keras")


def registry(names: tuple[str, ...] = EXPERIMENTS) -> Registry:
    """Register one course, whose experiments are the fake worker's behaviours."""
    experiments = {name: CourseExperiment("fake_course", name, f"It {name}") for name in names}
    return Registry((Course("A course", experiments),), ())


def make_packages(folder: Path, packages: tuple[str, ...] = PACKAGES) -> Path:
    """Packages that are installed as far as one can see, and that nobody may import."""
    for package in packages:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f'raise RuntimeError("{package} was imported")\n')
        info = folder / f"{package}-9.9.9.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9.9\n")
    return folder


def make_keras_in_numpy(folder: Path) -> dict[str, str]:
    """Install a stand-in for torch's Keras that can do the exercise A1; return the environment where it is found.

    Commands about students and classes behave the same whatever computes, and start twenty times as fast with it. What
    else an examiner imports for exercises is there, and empty.
    """
    make_packages(folder, ("torch", "keras"))
    shutil.copytree(Path(__file__).with_name("keras_in_numpy") / "keras", folder / "keras", dirs_exist_ok=True)
    for package in ("pandas", "matplotlib", "sklearn"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    for module in ("matplotlib/figure", "sklearn/model_selection", "sklearn/preprocessing"):
        (folder / f"{module}.py").touch()
    path = python_path(folder, *os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {"MULTIBACKEND_PYTHON": f"torch={sys.executable}", "PYTHONPATH": path}


def python_path(*folders: Path | str) -> str:
    """A `PYTHONPATH` with these folders and our own sources."""
    return os.pathsep.join([*map(str, folders), SOURCE])


def bare_python(folder: Path) -> Path:
    """A Python with nothing installed but what `PYTHONPATH` names."""
    path = folder / "bare-python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    path.chmod(0o755)
    return path


def hear_interrupts() -> None:
    """Let a process that is about to start be ended by Ctrl-C, though whoever started the tests ignores it (`&`)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is the case; fail where it doesn't come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it doesn't come about"
        time.sleep(0.02)


def survivors(output: Path) -> list[int]:
    """List the fake workers' processes that still run, a moment after they were killed."""
    deadline = time.monotonic() + 10
    while (alive := [pid for pid in read_pids(output) if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits for its parent to notice its end doesn't."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()


def read_pids(output: Path) -> list[int]:
    """The fake workers' processes, and theirs."""
    path = output / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def read_trained(output: Path) -> list[str]:
    """The runs that fake workers began, in order."""
    path = output / "trained"
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":  # the command itself, with the fake worker and course
    multibackend.experiments.catalogue.read_registry = registry
    pool.start_worker = functools.partial(pool.start_worker, worker_command=(WORKER,))
    from multibackend.cli import main

    main(prog_name="multibackend")
