"""Contents: what a record must hold, derived from what it says it is, and held against it before anything is compared.

Two records that lack the same thing would agree on nothing. So each side is judged alone: its structure and plan give
the name, dtype and shape of every array of a training.

| group | what must be there | dtype | stage |
|---|---|---|---|
| `initial_weights`, `final_weights` | each variable | the variable's | initial weights, converged loss |
| `initial_outputs` | each output of `structure.outputs` | as there | initial outputs |
| `initial`, `test` | each metric; `initial` the training loss too | float64 | initial loss, test metrics |
| `gradients` | each trainable variable | the variable's | gradients |
| `updates` | each variable | float64 | first update |
| `slots`, `optimizer` | each of `structure.slots`, there maybe as int32 | as there | first update, converged loss |
| `losses` | (epochs x steps an epoch,) | the run's | step losses |
| `history` | each metric, of the validation rows as `val_`, (epochs,) | float64 | converged loss |
| `predictions` | each of the model's outputs | as the output | interchange |
| `continued` | (up to 3 steps,); not of a perturbed training | float64 | interchange |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from multibackend.compare.consistency import check_digests, check_structure
from multibackend.compare.findings import STAGES
from multibackend.compare.measures import Problem
from multibackend.compare.silence import is_counter
from multibackend.errors import RecordError
from multibackend.records.array_file import Form, find_forms
from multibackend.records.record import CONTINUED_STEPS, Record
from multibackend.text import sanitize

GROUPS = {
    "training": (
        "initial_weights",
        "initial_outputs",
        "initial",
        "gradients",
        "updates",
        "slots",
        "losses",
        "history",
        "test",
        "final_weights",
        "optimizer",
        "predictions",
        "continued",
    ),
    "trace": ("inputs", "outputs", "gradients of inputs", "gradients of outputs", "gradients"),
    "isolation": (
        "arrived",
        "outputs",
        "masks",
        "loss",
        "gradients of inputs",
        "gradients of handed",
        "gradients",
        "updates",
        "slots",
    ),
    "interchange": ("predictions", "continued"),
}
"""The groups of arrays that each task leaves."""

ALONE = ("losses", "continued", "loss")
"""Groups of one array, whose name is the group's."""

Expected = Iterator[tuple[str, str, Form]]
"""Arrays that must be there: their stage, name and form."""


def check_groups(record: Record) -> None:
    """Refuse a record with arrays that its task doesn't leave, or whose order names others than there are.

    Raises:
        RecordError: the array.
    """
    task = record.run.task
    for key in record.arrays:
        group, slash, name = key.partition("/")
        if group not in GROUPS[task] or bool(slash and name) == (group in ALONE and task != "interchange"):
            groups = ", ".join(GROUPS[task])
            raise RecordError(
                f"record {record.run}: array {sanitize(key, 100)} is none that a run of task {task!r} leaves; expected "
                f"these groups: {groups}. Train again."
            )
    if task in ("trace", "isolation") and record.status == "finished":
        order = record.structure.get("order", [])
        if sorted(order) != sorted(record.arrays):
            odd = sorted(set(order) ^ set(record.arrays))
            raise RecordError(
                f"record {record.run}: structure.order names {len(order)} arrays, and there are {len(record.arrays)}; "
                f"expected the same{f', but for {sanitize(odd[0], 100)}' if odd else ''}. Train again."
            )


def find_gaps(record: Record, stages: Iterable[str] = STAGES) -> dict[str, Problem]:
    """What a finished training doesn't hold, or not in its form: the first problem of each stage."""
    if problem := check_structure(record):
        return {"structure": problem}
    forms, gaps = find_forms(record.arrays), dict[str, Problem]()
    if "data" in stages and (problem := check_digests(record)):
        gaps["data"] = problem
    for stage, key, expected in _list_expected(record):
        got = forms.get(key)
        if stage in stages and stage not in gaps and not _fits(key, got, expected):
            there = f"has {got}" if got else "has none"
            gaps[stage] = Problem(f"{_name(key)}: {record.run.backend} {there}; expected {expected}", _path(key))
    return gaps


def _list_expected(record: Record) -> Expected:
    """Every array that a training with this structure and plan leaves."""
    structure, epochs = record.structure, record.plan["epochs"]
    variables, slots = structure["variables"], structure["slots"]
    trainable = [variable for variable in variables if variable["trainable"]]
    yield from _list_group("initial weights", "initial_weights", variables)
    yield from _list_group("initial outputs", "initial_outputs", structure["outputs"])
    evaluated, number = structure["metrics"]["evaluation"], Form("float64", ())
    for metric in [*evaluated, "training loss"]:
        yield "initial loss", f"initial/{metric}", number
    yield from _list_group("gradients", "gradients", trainable)
    yield from _list_group("first update", "updates", [variable | {"dtype": "float64"} for variable in variables])
    yield from _list_group("first update", "slots", slots)
    yield "step losses", "losses", Form(record.run.precision, (epochs * structure["steps_per_epoch"],))
    validated = [f"val_{metric}" for metric in evaluated if structure["rows"]["validation"]]
    for metric in [*structure["metrics"]["training"], *validated]:
        yield "converged loss", f"history/{metric}", Form("float64", (epochs,))
    yield from _list_group("converged loss", "final_weights", variables)
    yield from _list_group("converged loss", "optimizer", slots)
    for metric in evaluated:
        yield "test metrics", f"test/{metric}", number
    for output in structure["outputs"]:
        if output["path"].startswith("output."):
            path = output["path"].removeprefix("output.")
            yield "interchange", f"predictions/{path}", Form(output["dtype"], tuple(output["shape"]))
    if not record.run.perturbation:
        yield "interchange", "continued", expect_continued(record)


def expect_continued(record: Record) -> Form:
    """The form of the losses of a training that goes on: full batches, or one partial batch where there is none."""
    full = record.structure["rows"]["training"] // record.plan["batch_size"]
    return Form("float64", (max(1, min(CONTINUED_STEPS, full)),))


def _list_group(stage: str, group: str, items: list[dict[str, Any]]) -> Expected:
    for path, item in zip(number_paths(item["path"] for item in items), items, strict=True):
        yield stage, f"{group}/{path}", Form(item["dtype"], tuple(item["shape"]))


def number_paths(paths: Iterable[str]) -> list[str]:
    """The names under which arrays of these paths are kept: a second one of a path is `path#2`."""
    names: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for path in paths:
        name, number = path, numbers.get(path, 1)
        while name in names:
            number += 1
            name = f"{path}#{number}"
        names[name], numbers[path] = None, number
    return list(names)


def _fits(key: str, got: Form | None, expected: Form) -> bool:
    counter = key.startswith("optimizer/") and expected.dtype == "int64"  # int32 on some backends
    return got == expected or (counter and got == Form("int32", expected.shape))


def list_other_dtypes(record: Record) -> list[str]:
    """A note of variables in another floating dtype than the run's."""
    other = [
        v
        for v in record.structure["variables"]
        if v["dtype"].startswith("float") and v["dtype"] != record.run.precision
    ]
    if not other:
        return []
    shown = f"{other[0]['path']}{f' and {len(other) - 1} others' if len(other) > 1 else ''}"
    return [f"{other[0]['dtype']} in a training in {record.run.precision}: variable {shown}"]


def find_broken_ends(record: Record) -> dict[str, Problem]:
    """What a training that stayed finite left behind: what isn't finite, or never moved. Arrays are read one at a time.

    Of a training that should diverge nothing is demanded.
    """
    losses = record.arrays.get("losses")
    if record.diverges or losses is None or losses.dtype.kind != "f" or not np.isfinite(losses).all():
        return {}
    moved, backend = False, record.run.backend
    for key in record.arrays:
        group = key.split("/")[0]
        if group not in ("final_weights", "optimizer", "continued"):
            continue
        array = record.arrays[key]
        stage = "interchange" if group == "continued" else "converged loss"
        if not np.isfinite(array).all():
            return {stage: Problem(f"{_name(key)}: {backend} has values that aren't finite", _path(key))}
        if group == "optimizer" and is_counter(key) and not array.any():
            return {stage: Problem(f"{_name(key)}: {backend} has 0 after all steps", _path(key))}
        moved = moved or (group == "final_weights" and bool(array.any()))
    if not moved:
        return {"converged loss": Problem(f"all final weights of {backend} are zero: nothing was shown")}
    return {}


def _name(key: str) -> str:
    """How messages call an array."""
    group, _, path = key.partition("/")
    kinds = {
        "initial_outputs": "layer",
        "initial_weights": "variable",
        "final_weights": "final value of variable",
        "gradients": "variable",
        "updates": "variable",
        "slots": "slot",
        "optimizer": "final value of slot",
    }
    return f"{kinds.get(group, '')} {path or group}".strip() if group in kinds else (path or group)


def _path(key: str) -> str:
    return key.split("/", 1)[-1]
