"""Sessions: `nox -l` lists them.

Each backend has an environment of its own, `tests-<backend>`. `parity` builds those that are missing, and trains on
them from one more, which holds no framework. Everything after `--` goes to pytest (tests) or to `multibackend parity`
(parity). `--cuda` and `--cpu` choose the frameworks' builds; by default an NVIDIA driver that answers does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # not installed where nox runs; what is imported of it needs no other package

from multibackend.engine.backends import DESCRIPTORS  # noqa: E402

nox.needs_version = ">=2025.2.9"  # the first with `requires`
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

TRAINING = tuple(name for name, backend in DESCRIPTORS.items() if backend.trains)
CONSTRAINTS = "constraints.txt"
BACKEND_TESTS = (
    *(f"tests/{name}" for name in ("engine", "train", "draws", "datasets", "benchmarks")),
    "tests/sweep/test_execute.py",
)
"""The tests of a backend's environment; the rest needs no framework and is tested in `tests`."""

COURSE_TESTS = "tests/exercises"
"""The tests of the course, in each backend's environment."""

SURVIVAL_TESTS = "tests/survival"
"""Runs that are disturbed at their writes and messages; two at once take half the time."""

RECORDS = {backend: f"runs/{backend}" for backend in TRAINING}
"""The folders of the records of each backend's own trainings, for `tests` to compare."""

QUICKLY = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
"""Most of the tests' time is XLA's; what a program computes doesn't depend on how well it is optimized."""

COMPILED = {
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".nox/compiled"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""The engines' tests load what an earlier run of theirs compiled."""

INTERCHANGE = "runs/interchange"
"""The folder of what each backend makes of the models that the others saved."""


def has_gpu() -> bool:
    """Say if an NVIDIA driver answers."""
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True, check=False).returncode == 0


def split_posargs(session: nox.Session) -> tuple[bool, list[str]]:
    """Say if CUDA builds are to be installed, and list the arguments that are not for us."""
    flags = {"--cuda": True, "--cpu": False}
    chosen = [flags[argument] for argument in session.posargs if argument in flags]
    return (chosen[-1] if chosen else has_gpu()), [a for a in session.posargs if a not in flags]


def install(session: nox.Session, extras: str) -> None:
    """Install the project with extras, at the versions known to work together, and compile it.

    An editable package isn't compiled as it is installed. Where Python may not write bytecode, each of the hundreds of
    processes that tests start would compile it again, for up to two seconds (PYTHONDONTWRITEBYTECODE).
    """
    session.install("--editable", f".[{extras}]", "--constraint", CONSTRAINTS)
    session.run_install("python", "-m", "compileall", "-q", "multibackend", "exercises", silent=True)


def python_of(session: nox.Session, backend: str) -> Path:
    """The interpreter of a backend's environment, beside this session's."""
    scripts = Path(session.bin)
    return scripts.parent.parent / f"tests-{backend}" / scripts.name / "python"


def build_environments(session: nox.Session) -> None:
    """Build the backends' environments, or bring them up to date, as their own sessions do."""
    cuda, _ = split_posargs(session)
    names = [f"tests-{backend}" for backend in TRAINING]
    command = [sys.executable, "-m", "nox", "--noxfile", __file__, "--install-only", "--session", *names]
    session.run(*command, "--", "--cuda" if cuda else "--cpu", external=True)


def point_to_environments(session: nox.Session) -> None:
    """Tell `multibackend` which Python trains on which backend."""
    found = {backend: python for backend in DESCRIPTORS if (python := python_of(session, backend)).exists()}
    session.env["MULTIBACKEND_PYTHON"] = " ".join(f"{backend}={python}" for backend, python in found.items())


def test_backend(session: nox.Session, backend: str) -> None:
    """Install one framework, and test on it."""
    cuda, arguments = split_posargs(session)
    install(session, f"test,{backend}-cuda" if cuda else f"test,{backend}")
    session.env["KERAS_BACKEND"] = backend
    tests = arguments or ("--numprocesses=2", "--dist=loadgroup", *BACKEND_TESTS)
    session.run("pytest", *tests, env=QUICKLY | COMPILED)
    if not arguments:
        # In processes of their own: the engines' tests switch JAX to float64 for good. Three processes share two cores,
        # because escapes wait until their time is over. One thread each: more would wait for each other, up to thirty
        # times as long. Training takes longest, and so begins.
        tests = ("--numprocesses=3", "--dist=loadgroup", f"{COURSE_TESTS}/test_training.py", COURSE_TESTS)
        session.run("pytest", *tests, env={**QUICKLY, "OMP_NUM_THREADS": "1"})


def test_inference(session: nox.Session, backend: str) -> None:
    """Install a framework on which Keras calls models and doesn't train them, and test that."""
    install(session, f"test,{backend}")
    session.env["KERAS_BACKEND"] = backend
    session.run("pytest", *(split_posargs(session)[1] or (f"tests/engine/test_{backend}.py",)))


def add_session(backend: str) -> None:
    """Add the session of a backend."""
    title, trains = DESCRIPTORS[backend].title, DESCRIPTORS[backend].trains

    def session(session: nox.Session) -> None:
        (test_backend if trains else test_inference)(session, backend)

    session.__doc__ = f"Test the {'engine, the draws and the exercises' if trains else 'engine'} on {title}."
    nox.session(session, name=f"tests-{backend}", default=False)


for name in DESCRIPTORS:
    add_session(name)


@nox.session(default=False)
def parity(session: nox.Session) -> None:
    """Train the course's experiments on all backends and compare: table, records, results in runs/."""
    build_environments(session)
    point_to_environments(session)
    _, arguments = split_posargs(session)
    install(session, "test")
    session.run("multibackend", "parity", *arguments)


@nox.session(default=False)
def course(session: nox.Session) -> None:
    """Make the course's notebooks and its table, docs/course.md, on all backends."""
    build_environments(session)
    point_to_environments(session)
    install(session, "test")
    session.run("python", "docs/make.py")


@nox.session(default=False)
def power(session: nox.Session) -> None:
    """Measure what the comparison finds of planted faults, and its false alarms; write docs/power.md."""
    build_environments(session)
    point_to_environments(session)
    _, arguments = split_posargs(session)
    install(session, "test")
    session.run("python", "-m", "power", *arguments)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time the engines against fit and loops by hand, on an idle machine; write benchmarks/RESULTS.md."""
    build_environments(session)
    point_to_environments(session)
    _, arguments = split_posargs(session)
    install(session, "test")
    session.run("python", "-m", "benchmarks", "engines", *arguments)
    session.run("python", "-m", "benchmarks", "report")


@nox.session(default=False)
def survival(session: nox.Session) -> None:
    """Disturb runs at every write and every message in every way, not a sample of them as `tests` does: an hour."""
    install(session, "test")
    session.run("pytest", "--numprocesses=2", SURVIVAL_TESTS, "--every-point", *session.posargs)


@nox.session(requires=[f"tests-{backend}" for backend in DESCRIPTORS])
def tests(session: nox.Session) -> None:
    """Test everything: each backend, what needs none, faults planted on one backend, and parity itself."""
    point_to_environments(session)
    _, arguments = split_posargs(session)
    install(session, "test")
    if arguments:
        session.run("pytest", *arguments)
        return
    elsewhere = (*BACKEND_TESTS, COURSE_TESTS, SURVIVAL_TESTS)
    # A file is one process's: its tests share what one of them has trained.
    session.run(
        "pytest",
        "--numprocesses=2",
        "--dist=loadfile",
        "tests",
        *(f"--ignore={path}" for path in elsewhere),
        env=QUICKLY,
    )
    session.run("pytest", "--numprocesses=2", "--dist=loadgroup", SURVIVAL_TESTS)
    session.run("multibackend", "interchange", *RECORDS.values(), "--output", INTERCHANGE)
    # What differs fails in the next line, with its experiment, pair and stage.
    session.run("multibackend", "compare", *RECORDS.values(), INTERCHANGE, success_codes=[0, 1])
    session.run("pytest", "parity_tests", "--records", *RECORDS.values(), INTERCHANGE)


@nox.session(default=False)
def facts(session: nox.Session) -> None:
    """Train the course's experiments as long as its sources do, and check the sources' facts: 20 minutes."""
    build_environments(session)
    point_to_environments(session)
    install(session, "test")
    session.run("multibackend", "parity", "--profile", "full", "--output", "runs/facts", *split_posargs(session)[1])
    session.run("pytest", "parity_tests", "--records", "runs/facts")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Try 10,000 new cases of each promise about foreign records, messages and words; `tests` tries 300."""
    install(session, "test")
    _, arguments = split_posargs(session)
    session.run("pytest", "tests/fuzz", "--hypothesis-profile=weekly", *(arguments or ("--numprocesses=auto",)))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types."""
    session.install("ruff", "mypy", "--constraint", CONSTRAINTS)
    install(session, "test")  # the pytest plugin is checked with pytest's own types
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
