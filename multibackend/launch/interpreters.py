"""Interpreters: which Python runs which backend, what is installed there, and a fingerprint of all that.

An interpreter is asked by a short subprocess that imports neither Keras nor a framework.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from multibackend import __version__
from multibackend.engine.backends import BACKENDS, get_backend
from multibackend.errors import MultibackendError
from multibackend.experiments.reference import parse_reference

PROBE_SECONDS = 60.0
"""How long an interpreter may take to answer; usual is 0.1 s, a cold network disk takes several."""

OLDEST_PYTHON = (3, 11)

PYTHON_VARIABLE = "MULTIBACKEND_PYTHON"
"""Holds BACKEND=PATH for each backend that this Python doesn't run, with spaces between."""

# Each package with its module and the names under which it is distributed.
COMMON = {
    "keras": ("keras", ["keras"]),
    "numpy": ("numpy", ["numpy"]),
    "pandas": ("pandas", ["pandas"]),
    "scikit-learn": ("sklearn", ["scikit-learn"]),
}

# A folder that merely lies beside us under a package's name is a namespace package, without an origin.
PROBE = r"""
import importlib.metadata, importlib.util, json, os, re, sys

def origin(module):
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    return spec.origin if spec is not None else None

def version(module, names):
    if origin(module) is None:
        return None
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return "unknown"

versions = {"python": "%d.%d.%d" % sys.version_info[:3], "multibackend": None}
if origin("multibackend"):
    with open(origin("multibackend"), encoding="utf-8") as source:
        match = re.search(r'^__version__ = "(.+)"', source.read(), re.MULTILINE)
    versions["multibackend"] = match.group(1) if match else "unknown"
for package, (module, names) in json.loads(sys.argv[1]).items():
    versions[package] = version(module, names)
courses = [entry.value for entry in importlib.metadata.entry_points(group="multibackend.catalogues")]
courses += os.environ.get("MULTIBACKEND_CATALOGUE", "").split()
names = {"multibackend", *(value.partition(":")[0].partition(".")[0].strip() for value in courses)}
folders = {name: os.path.dirname(origin(name)) for name in sorted(names) if name and origin(name)}
print(json.dumps({"versions": versions, "folders": folders}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that is to run a backend.

    `versions` holds each package's version, None for one that isn't installed; `folders` where
    `multibackend` and the packages of registered courses lie for this Python (as `experiments/registry.py` finds them).
    """

    backend: str
    python: str
    versions: dict[str, str | None]
    folders: dict[str, str]

    @property
    def install_command(self) -> str:
        """What installs everything that this backend needs."""
        return f"{self.python} -m pip install 'multibackend[{self.backend}]'"

    @property
    def problem(self) -> str:
        """Why this Python can't run the backend, and the command that fixes it; empty when it can."""
        where = f"backend {self.backend}: "
        python = str(self.versions["python"])
        if tuple(int(part) for part in python.split(".")[:2]) < OLDEST_PYTHON:
            return f"{where}{self.python} is Python {python}; expected 3.11 or later: --python {self.backend}=PATH"
        for package in (*(p.name for p in get_backend(self.backend).packages), "keras", "multibackend"):
            if self.versions[package] is None:
                return f"{where}{package} is not installed for {self.python}; install it with: {self.install_command}"
        if self.versions["multibackend"] != __version__:
            return (
                f"{where}{self.python} has multibackend {self.versions['multibackend']}; expected {__version__}, "
                f"as here; install it with: {self.python} -m pip install 'multibackend[{self.backend}]=={__version__}'"
            )
        return ""


def name_pythons(values: Sequence[str]) -> dict[str, str]:
    """The Python of each backend: this one, unless MULTIBACKEND_PYTHON or, before it, `values` name another.

    Raises:
        MultibackendError: a value that isn't BACKEND=PATH.
    """
    pythons = dict.fromkeys(BACKENDS, sys.executable)
    for value in [*os.environ.get(PYTHON_VARIABLE, "").split(), *values]:
        backend, equals, path = value.partition("=")
        if backend not in BACKENDS or not equals or not path:
            raise MultibackendError(f"got {value!r}; expected BACKEND=PATH, with {' or '.join(BACKENDS)}.")
        pythons[backend] = path
    return pythons


def probe(python: str, backend: str) -> Interpreter:
    """Ask a Python what it has installed for a backend; nothing of it is imported.

    Raises:
        MultibackendError: there is no such Python, or it doesn't answer.
    """
    found = shutil.which(str(Path(python).expanduser()))
    if found is None:
        raise MultibackendError(
            f"backend {backend}: no Python at {python}; expected an executable: --python {backend}=PATH"
        )
    path = str(Path(found).absolute())
    framework = {p.name: (p.module, p.distributions) for p in get_backend(backend).packages}
    packages = json.dumps({**framework, **COMMON})
    try:
        answer = subprocess.run(
            [path, "-P", "-c", PROBE, packages],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        found_there = json.loads(answer.stdout.splitlines()[-1])
        return Interpreter(backend, path, found_there["versions"], found_there["folders"])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError) as error:
        why = " ".join((getattr(error, "stderr", "") or str(error)).split())[-300:]
        raise MultibackendError(
            f"backend {backend}: {path} doesn't answer as a Python does ({why}); give another: --python {backend}=PATH"
        ) from error


def probe_all(pythons: Mapping[str, str]) -> dict[str, Interpreter | MultibackendError]:
    """Ask the Python of each backend, all at once; the answer of each backend is what it has, or why it can't tell."""

    def ask(backend: str) -> Interpreter | MultibackendError:
        try:
            return probe(pythons[backend], backend)
        except MultibackendError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(len(pythons), 1)) as pool:
        return dict(zip(pythons, pool.map(ask, pythons), strict=True))


def problem_of(answer: Interpreter | MultibackendError) -> str:
    """Why a backend can't be trained on, in a line that ends with the cure; empty when it can."""
    return answer.problem if isinstance(answer, Interpreter) else str(answer)


def require(pythons: Mapping[str, str]) -> list[Interpreter]:
    """The interpreters of these backends, each ready to train.

    Raises:
        MultibackendError: of one line for each backend that can't be trained on, with the command that fixes it.
    """
    answers = probe_all(pythons)
    problems = [problem for answer in answers.values() if (problem := problem_of(answer))]
    if problems:
        raise MultibackendError("\n".join(problems))
    return [answer for answer in answers.values() if isinstance(answer, Interpreter)]


def choose(backend: str | None, pythons: Mapping[str, str]) -> list[Interpreter]:
    """The interpreter of a backend, or of "all"; for None, KERAS_BACKEND's, or else the first that is ready.

    Raises:
        MultibackendError: what was asked for isn't ready; a line for each, with the command that fixes it.
    """
    backend = backend or next((name for name in BACKENDS if name == os.environ.get("KERAS_BACKEND")), None)
    if backend is None:
        return [_first_ready(pythons)]
    return require(pythons if backend == "all" else {backend: pythons[backend]})


def _first_ready(pythons: Mapping[str, str]) -> Interpreter:
    problems = []
    for answer in probe_all(pythons).values():
        if isinstance(answer, Interpreter) and not answer.problem:
            return answer
        problems.append(problem_of(answer))
    raise MultibackendError("\n".join(problems))


JUDGING = ("compare", "report", "course", "cli", "checks")
"""Folders of the package that train nothing."""


def fingerprint(
    interpreter: Interpreter, device: str, threads: int, workarounds: bool, references: Sequence[str]
) -> str:
    """A SHA-256 sum over what decides a training's numbers: while it stays, a finished record needs no new training.

    It covers the installed versions, the device, threads and workarounds, the record's schema, the
    sources of `multibackend` that train and the courses as this interpreter finds them, the files of each
    reference `file.py:name` and what they import from beside them (not what is installed), the data's sums, and
    where the user's data lie. Its first half is of all but the versions, and so the same for every backend.
    """
    from multibackend.records.record import SCHEMA_VERSION

    folders = [Path(folder) for _, folder in sorted(interpreter.folders.items())]
    sources = [path for folder in folders for path in folder.rglob("*.py") if path.parent.name not in JUDGING]
    own = [reference for name in references if (reference := parse_reference(name))]
    sources += [file for reference in own for file in reference.files]
    sums = [sums for folder in folders for sums in (folder / "_data/SHA256SUMS", folder.parent / "data/SHA256SUMS")]
    parts = {
        "settings": [device, threads, workarounds, SCHEMA_VERSION],
        "files": sorted({_digest(path) for path in [*sources, *sums] if path.is_file()}),
        "data": os.environ.get("MULTIBACKEND_DATA", ""),
    }
    return "-".join(
        hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:32]
        for part in (parts, interpreter.versions)
    )


def _digest(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
