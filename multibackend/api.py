"""The Python API: `multibackend.parity` does what the command of that name does."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multibackend.engine.backends import BACKENDS, DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PRECISIONS
from multibackend.launch.settings import RUN_SECONDS, Execution, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from multibackend.compare import Comparison
    from multibackend.engine.backend import Device
    from multibackend.experiments.choices import Precision, Profile
    from multibackend.experiments.experiment import Dataset, Experiment, Split
    from multibackend.launch.ladder import Ascent

    Model = str | Experiment | Callable[[], Any]
    Data = Dataset | Split | tuple[Any, ...] | str | Path | Callable[[], Any]


def parity(
    model: Model | Sequence[Model],
    *,
    data: Data | None = None,
    backends: Sequence[str] = BACKENDS,
    precisions: Sequence[Precision] = PRECISIONS,
    profile: Profile = "quick",
    seed: int = 0,
    device: Device = "auto",
    threads: int = 1,
    workarounds: bool = True,
    pythons: Mapping[str, str] | None = None,
    output: str | Path | None = None,
    time_limit: float = RUN_SECONDS,
    show: bool = False,
) -> Comparison:
    """Train a model (or several) on each backend, in a process of its own, and compare every pair.

    `model` is a function without arguments that returns a compiled Keras model, an `Experiment`, or the name of one,
    as on the command line (`"B9"`, `"path/to/file.py:build_model"`). It must stand at the top of a file, because each
    process imports it. `data` is a function, an `.npz` file, or arrays: a `Dataset`, a `Split`, or (x, y). Without
    `data`, the file's `load_data` is called; without that, random data are drawn that fit the model.

    `pythons` names the interpreter of a backend; without it, `MULTIBACKEND_PYTHON` does, or it is this one. With
    `output`, records and results are kept there, and what hasn't changed isn't trained again. `show` prints progress.

    Raises:
        MultibackendError: a mistake in what was given, in one line. A difference is no error: see `Comparison.passed`.
    """
    from multibackend.launch.choosing import name_pythons
    from multibackend.launch.output_folder import open_folder

    _refuse_in_worker()
    models = [model] if isinstance(model, str) or not isinstance(model, Sequence) else list(model)
    settings = Settings(profile, seed, device, threads, workarounds)
    _check(models, backends, precisions, pythons or {})
    ordered = [backend for backend in DESCRIPTORS if backend in backends]
    named = name_pythons([f"{backend}={path}" for backend, path in (pythons or {}).items()])
    with tempfile.TemporaryDirectory(prefix="multibackend-") as scratch:
        folder = Path(output) if output is not None else Path(scratch)
        with open_folder(folder) as opened:
            if opened.notice:
                warnings.warn(opened.notice, stacklevel=2)
            names = [refer(one, data, folder) for one in models]
            execution = Execution(named, opened, _make_console(show), time_limit)
            ascent = train_and_compare(names, ordered, precisions, settings, execution)
            if output is not None:
                _write(ascent, folder)
    return ascent.comparison


def _write(ascent: Ascent, folder: Path) -> None:
    from multibackend.report import write_results

    write_results(ascent.comparison, ascent.records, folder)


def train_and_compare(
    names: Sequence[str],
    backends: Sequence[str],
    precisions: Sequence[Precision],
    settings: Settings,
    execution: Execution,
) -> Ascent:
    """Train by names and compare, as `ladder.climb` does; a command that is interrupted ends as by Ctrl-C.

    Raises:
        KeyboardInterrupt: by the user or the system; what was trained is kept.
        MultibackendError: a name or an interpreter is not as needed.
    """
    from multibackend.launch.ladder import climb
    from multibackend.launch.loop import Interrupted

    try:
        return climb(names, backends, precisions, settings, execution)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"{interrupted} trainings finished") from interrupted


def refer(model: Model, data: Data | None, folder: Path) -> str:
    """Name a model and its data so that another process finds them; arrays go to a file of the folder.

    Raises:
        MultibackendError: no name leads to it.
    """
    from multibackend.experiments.experiment import Experiment
    from multibackend.experiments.reference import name_function

    if isinstance(model, str):
        name = model
    elif isinstance(model, Experiment):
        name = _refer_experiment(model)
    elif callable(model):
        name = str(name_function(model, "model"))
    else:
        raise MultibackendError(
            f"model: got {type(model).__name__}; expected a function that returns a compiled Keras model, an "
            "Experiment, or path/to/file.py:name."
        )
    if data is None:
        return name
    if ":" not in name or "@" in name.rpartition(":")[2]:
        raise MultibackendError(f"model {name!r} has its data; leave out data, or give path/to/file.py:build_model.")
    return f"{name}@{_refer_data(data, folder)}"


def _refer_experiment(experiment: Experiment) -> str:
    module = sys.modules.get(experiment.build_model.__module__)
    for name, value in vars(module).items() if module else ():
        if value is experiment and module is not None and module.__file__:
            return f"{module.__file__}:{name}"
    raise MultibackendError(
        f"experiment {experiment.name!r} isn't found in the file of its build_model; name it there, at the top."
    )


def _refer_data(data: Data, folder: Path) -> str:
    from multibackend.datasets.npz import as_dataset, save_dataset
    from multibackend.experiments.reference import name_function

    if isinstance(data, (str, Path)):
        return str(data)
    if callable(data):
        return str(name_function(data, "data"))
    return str(save_dataset(as_dataset(data, "data="), folder / "data"))


def _check(models: list[Any], backends: Sequence[str], precisions: Sequence[str], pythons: Mapping[str, str]) -> None:
    from multibackend.launch.choosing import find_backend_problem

    if not models:
        raise MultibackendError("model: got none; expected at least one.")
    expected = ", ".join(DESCRIPTORS)
    if isinstance(backends, str):
        raise MultibackendError(f"backends: got {backends!r}; expected some of {expected}.")
    if problem := find_backend_problem(backends, tuple(DESCRIPTORS)):
        raise MultibackendError(f"backends: {problem}")
    if unknown := [name for name in pythons if name not in DESCRIPTORS]:
        raise MultibackendError(f"pythons: got {unknown[0]!r}; expected some of {expected}.")
    if isinstance(precisions, str) or not precisions or set(precisions) - set(PRECISIONS):
        raise MultibackendError(f"precisions: got {precisions!r}; expected some of {', '.join(PRECISIONS)}.")


def _make_console(show: bool) -> Console:
    from multibackend.report.console import make_console

    return make_console(stderr=True, quiet=not show, terminal=None if show else False)


def _refuse_in_worker() -> None:
    """Refuse to start trainings where a worker imports the file to train its model."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.name == "multibackend.train.worker":
        raise MultibackendError(
            "parity() is called where a backend's process imports the file; put the call below "
            "if __name__ == '__main__':"
        )
