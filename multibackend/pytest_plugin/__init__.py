"""The pytest plugin: a marked function that builds a model is trained on each backend and compared, a test a stage.

    @pytest.mark.parity(precision="float64")
    def build_model(): ...

gives the tests `build_model[trainings]` and `build_model[float64-jax-torch-gradients]`, one for each precision, pair of
backends and stage; one training serves them all. The fixture `parity` asserts the same in a test's own words:
`comparison = parity(build_model, data=load_data)`.

Starting pytest imports next to nothing of multibackend. The rest is imported when a test needs it.
"""

from __future__ import annotations

import inspect
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from multibackend.errors import MultibackendError
from multibackend.text import LONGEST_DETAIL, sanitize, sanitize_lines

if TYPE_CHECKING:
    from multibackend.compare import Comparison
    from multibackend.pytest_plugin.session import ParitySession

FOLDER = "parity_folder"
"""The key under which the processes of pytest-xdist are told in which folder they share what was trained."""

_session = pytest.StashKey["ParitySession"]()
_scratch = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("parity", "the same training on several backends (multibackend)")
    group.addoption(
        "--parity-backends",
        metavar="NAME,NAME",
        help="The backends to compare, at least two; by default all whose Python is found.",
    )
    group.addoption(
        "--parity-python",
        metavar="BACKEND=PATH",
        action="append",
        default=[],
        help="The Python that runs a backend; by default that of MULTIBACKEND_PYTHON, or this one. Repeat for each.",
    )
    group.addoption(
        "--parity-output",
        metavar="DIR",
        help="Keep records there, and train only what has changed. By default everything is trained in each session.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "parity(data=None, precision='both', profile='quick', device='auto', seed=0, threads=1, workarounds=True): the "
        "function builds a Keras model; train it on each backend and compare, a test for each stage. On a test that "
        "takes the fixture `parity`: settings of its calls.",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what was trained for this session alone."""
    if _scratch in config.stash:
        shutil.rmtree(config.stash[_scratch], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the processes of pytest-xdist share one folder: the first that needs a training does it."""
    node.workerinput[FOLDER] = str(_folder(node.config))


def _folder(config: pytest.Config) -> Path:
    if output := config.getoption("--parity-output"):
        return Path(output)
    if FOLDER in (given := getattr(config, "workerinput", {})):
        return Path(given[FOLDER])
    if _scratch not in config.stash:
        config.stash[_scratch] = Path(tempfile.mkdtemp(prefix="multibackend-pytest-"))
    return config.stash[_scratch]


def _session_of(config: pytest.Config) -> ParitySession:
    """Return the session's trainings, which are made at their first use."""
    if _session not in config.stash:
        from multibackend.pytest_plugin.session import ParitySession

        names = config.getoption("--parity-backends")
        backends = None if names is None else [name.strip() for name in names.split(",") if name.strip()]
        config.stash[_session] = ParitySession(backends, config.getoption("--parity-python"), _folder(config))
    return config.stash[_session]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which backends were compared, and which were not, if any test asked."""
    if _session in config.stash:
        terminalreporter.write_line(sanitize(config.stash[_session].describe(), LONGEST_DETAIL))


# ------------------------------------------------------------------------------------------ the marker


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> list[pytest.Item] | None:
    """Make the tests of a marked function without arguments; leave everything else to pytest."""
    if not inspect.isfunction(obj) or not isinstance(collector, pytest.Module):
        return None
    marks = [mark for mark in getattr(obj, "pytestmark", ()) if mark.name == "parity"]
    if not marks or inspect.signature(obj).parameters:
        return None
    from multibackend.pytest_plugin.items import make_items

    try:
        return list(make_items(collector, name, obj, _settings(marks), _session_of(collector.config)))
    except MultibackendError as error:
        raise collector.CollectError(sanitize_lines(f"{name}: {error}", LONGEST_DETAIL)) from error


def _settings(marks: Sequence[pytest.Mark]) -> dict[str, Any]:
    """Gather what markers set; the innermost has precedence."""
    return {key: value for mark in reversed(marks) for key, value in mark.kwargs.items()}


# ----------------------------------------------------------------------------------------- the fixture


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Callable[..., Comparison]:
    """A function that trains a model on each backend, fails the test if they differ, and returns the comparison.

    `parity(build_model, data=load_data, precision="float64")` takes the model and its data as `multibackend.parity`
    does, and the settings of the marker; the marker of the test gives those that a call doesn't set.
    """
    marked = _settings(list(request.node.iter_markers("parity")))

    def check(model: Any, *, data: Any = None, **given: Any) -> Comparison:
        from multibackend.pytest_plugin.items import ParityFailure, demand_passed, not_run
        from multibackend.pytest_plugin.settings import read_settings

        try:
            session = _session_of(request.config)
            settings = read_settings({key: value for key, value in (marked | given).items() if key != "data"})
            name = session.refer(model, marked.get("data") if data is None else data)
            if session.missing:
                not_run(session.missing)
            comparison = session.compare(name, [], settings)
            demand_passed(comparison)
        except (MultibackendError, ParityFailure) as error:
            pytest.fail(sanitize_lines(str(error), LONGEST_DETAIL), pytrace=False)
        return comparison

    return check
