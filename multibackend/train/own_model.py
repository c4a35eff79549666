"""A model of the user's own: an `Experiment` made of a function in a file, and of data that are given or drawn."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

from multibackend.datasets.npz import as_dataset, load_dataset
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Dataset, Experiment, Plan
from multibackend.experiments.importing import import_file
from multibackend.experiments.reference import PATTERN, Reference

SHORT_PLAN = Plan(epochs=2, batch_size=16)
"""The plan for a file without one: long enough for optimizer slots and a partial batch to matter."""

EXPECTED = "expected an Experiment, or a function without arguments that returns a compiled Keras model"


def load_own(reference: Reference) -> Experiment:
    """Import what a reference names: an `Experiment`, or a function that builds a model.

    For a function, `load_data`, `plan` and `quick` are taken from the same file if it has them. Without `load_data`,
    random data are drawn that fit the model's inputs and its loss.

    Raises:
        MultibackendError: the file has no such name, or it names something else.
    """
    module = import_file(reference.path)
    try:
        found = attrgetter(reference.name)(module)
    except AttributeError:
        raise MultibackendError(
            f"experiment '{reference}': {reference.path} has no {reference.name!r}; {EXPECTED}."
        ) from None
    if isinstance(found, Experiment):
        if reference.data:
            raise MultibackendError(
                f"experiment '{reference}': {reference.name!r} is an Experiment, which has its data; name its "
                f"build_model instead, or leave out @{reference.data}."
            )
        return found
    _check_callable(reference, found)
    plan, quick = _find_plans(reference, module)
    load_data = _find_data(reference, module)
    if load_data is None:

        def load_data() -> Dataset:
            return _draw(found, max(plan.batch_size, quick.batch_size))

    return Experiment(str(reference), found, load_data, plan, quick)


def _check_callable(reference: Reference, found: Any) -> None:
    where = f"experiment '{reference}': {reference.name!r}"
    if not callable(found) or (hasattr(found, "compile") and not isinstance(found, type)):
        built = " already built; it must be built anew in each precision" if callable(found) else ""
        raise MultibackendError(f"{where} is {type(found).__name__}{built}; {EXPECTED}.")
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in variadic]
    if required:
        raise MultibackendError(f"{where} wants the arguments {', '.join(required)}; {EXPECTED}.")


def _find_plans(reference: Reference, module: Any) -> tuple[Plan, Plan]:
    """Return the full plan and the quick one; a file that gives one of them gives both."""
    plans = {name: getattr(module, name) for name in ("plan", "quick") if hasattr(module, name)}
    for name, plan in plans.items():
        if not isinstance(plan, Plan):
            raise MultibackendError(
                f"experiment '{reference}': {name!r} in {reference.path} is {type(plan).__name__}; expected a "
                "multibackend.Plan."
            )
    either = next(iter(plans.values()), SHORT_PLAN)
    return plans.get("plan", either), plans.get("quick", either)


def _find_data(reference: Reference, module: Any) -> Callable[[], Dataset] | None:
    """Find what loads the data: as the reference says, else the file's `load_data`, else None."""
    path, name = reference.path, reference.data or "load_data"
    if reference.data_file:
        other = PATTERN.fullmatch(reference.data)
        if other is None:
            file = reference.data_file
            return lambda: load_dataset(file)
        path, name = Path(other["path"]), other["name"]
        if path.resolve() != reference.path.resolve():
            module = import_file(path)
    load: Any
    try:
        load = attrgetter(name)(module)
    except AttributeError:
        if not reference.data:
            return None
        raise MultibackendError(f"experiment '{reference}': {path} has no {name!r}; expected a function.") from None
    if not callable(load):
        raise MultibackendError(
            f"experiment '{reference}': {name!r} in {path} is {type(load).__name__}; expected a function that returns "
            "a Dataset, a Split, or a tuple (x, y)."
        )
    return lambda: as_dataset(load(), f"{path}:{name}")


def _draw(build: Callable[[], Any], batch_size: int) -> Dataset:
    """Draw random data for the model that `build` returns; it is built only to learn the shapes of its inputs."""
    import keras

    from multibackend.draws.rows import draw_dataset
    from multibackend.engine.model import check_model

    keras.utils.clear_session()
    model = build()
    check_model(model)
    return draw_dataset(model, batch_size)
