"""Probing: what is installed for a Python, asked of a short subprocess that imports neither Keras nor a framework."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from multibackend import __version__
from multibackend.engine.backend import Package
from multibackend.engine.backends import get_backend
from multibackend.errors import MultibackendError
from multibackend.experiments.registry import list_packages

PROBE_SECONDS = 60.0
"""Limit for an interpreter to answer; 0.1 s is usual, a cold network disk takes several seconds."""

OLDEST_PYTHON = (3, 11)

COMMON = (
    Package("keras", "keras", ("keras",)),
    Package("numpy", "numpy", ("numpy",)),
    Package("pandas", "pandas", ("pandas",)),
    Package("scikit-learn", "sklearn", ("scikit-learn",)),
)
"""The packages that every backend's trainings use."""

# A folder in the working folder that only has a package's name is a namespace package, and has no origin.
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
asked = json.loads(sys.argv[1])
for package, (module, names) in asked["packages"].items():
    versions[package] = version(module, names)
folders = {name: os.path.dirname(origin(name)) for name in asked["sources"] if origin(name)}
print(json.dumps({"versions": versions, "folders": folders}))
"""


class Installed(msgspec.Struct, frozen=True):
    """The answer of a probe; the fields are those of `Interpreter`."""

    versions: dict[str, str | None]
    folders: dict[str, str]


@dataclass(frozen=True)
class Interpreter:
    """A Python that is to run a backend.

    `versions` holds the version of each package, None for one that isn't installed. `folders` holds the folder of
    each package of `list_source_packages`, as far as this Python has it.
    """

    backend: str
    python: str
    versions: dict[str, str | None]
    folders: dict[str, str]

    @property
    def install_command(self) -> str:
        """The command that installs everything that this backend needs."""
        return f"{self.python} -m pip install 'multibackend[{self.backend}]'"

    @property
    def problem(self) -> str:
        """The reason why this Python can't run the backend, and the command that fixes it; empty when it can."""
        where = f"backend {self.backend}: "
        python = str(self.versions["python"])
        if tuple(int(part) for part in python.split(".")[:2]) < OLDEST_PYTHON:
            oldest = ".".join(map(str, OLDEST_PYTHON))
            return f"{where}{self.python} is Python {python}; expected {oldest} or later: --python {self.backend}=PATH"
        for package in (*(p.name for p in get_backend(self.backend).packages), "keras", "multibackend"):
            if self.versions[package] is None:
                return f"{where}{package} is not installed for {self.python}; install it with: {self.install_command}"
        if self.versions["multibackend"] != __version__:
            return (
                f"{where}{self.python} has multibackend {self.versions['multibackend']}; expected {__version__}, "
                f"as here; install it with: {self.python} -m pip install 'multibackend[{self.backend}]=={__version__}'"
            )
        return ""


def list_source_packages() -> tuple[str, ...]:
    """List the packages whose files decide what is trained: ours, and those of the registered courses."""
    return ("multibackend", *list_packages())


def probe(python: str, backend: str) -> Interpreter:
    """Ask a Python what it has installed for a backend; the packages themselves aren't imported.

    Raises:
        MultibackendError: there is no such Python, or it doesn't answer.
    """
    found = shutil.which(str(Path(python).expanduser()))
    if found is None:
        raise MultibackendError(
            f"backend {backend}: no Python at {python}; expected an executable: --python {backend}=PATH"
        )
    path = str(Path(found).absolute())
    packages = {p.name: (p.module, p.distributions) for p in (*get_backend(backend).packages, *COMMON)}
    asked = json.dumps({"packages": packages, "sources": list_source_packages()})
    try:
        answer = subprocess.run(
            [path, "-P", "-c", PROBE, asked],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        installed = msgspec.json.decode(answer.stdout.splitlines()[-1], type=Installed)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError, ValueError, LookupError) as error:
        why = " ".join((getattr(error, "stderr", "") or str(error)).split())[-300:]
        raise MultibackendError(
            f"backend {backend}: {path} doesn't answer as a Python does ({why}); give another: --python {backend}=PATH"
        ) from error
    return Interpreter(backend, path, installed.versions, installed.folders)


def probe_all(pythons: Mapping[str, str]) -> dict[str, Interpreter | MultibackendError]:
    """Ask the Python of each backend, all at once; return what each has, or the error that says why it can't tell."""

    def ask(backend: str) -> Interpreter | MultibackendError:
        try:
            return probe(pythons[backend], backend)
        except MultibackendError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(len(pythons), 1)) as pool:
        return dict(zip(pythons, pool.map(ask, pythons), strict=True))


def problem_of(answer: Interpreter | MultibackendError) -> str:
    """Say why a backend can't be trained on, in a line that ends with what to type; empty when it can."""
    return answer.problem if isinstance(answer, Interpreter) else str(answer)
