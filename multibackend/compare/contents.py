"""Contents: the arrays that a record must hold, derived from its own structure and plan.

Two records that lack the same thing would agree on nothing, so each record is checked alone (`gaps.py`) before any are
compared. The structure and plan of a training give the name, dtype and shape of every array.

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
from dataclasses import dataclass
from typing import Any

from multibackend.compare.abilities import trains
from multibackend.compare.findings import Stage
from multibackend.errors import RecordError
from multibackend.records.array_file import Form
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
"""Groups of one array, which has the group's name."""


@dataclass(frozen=True)
class Expected:
    """An array that must be there: the stage that reads it, its key and its form."""

    stage: Stage
    key: str
    form: Form


def check_groups(record: Record) -> None:
    """Refuse a record with arrays that its task doesn't leave, or with an order that names other arrays than there are.

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


def list_expected(record: Record) -> Iterator[Expected]:
    """List every array that a training with this structure and plan leaves."""
    structure, epochs = record.structure, record.plan["epochs"]
    variables, slots = structure["variables"], structure["slots"]
    trainable = [variable for variable in variables if variable["trainable"]]
    yield from _list_group("initial weights", "initial_weights", variables)
    yield from _list_group("initial outputs", "initial_outputs", structure["outputs"])
    evaluated, number = structure["metrics"]["evaluation"], Form("float64", ())
    for metric in [*evaluated, "training loss"]:
        yield Expected("initial loss", f"initial/{metric}", number)
    yield from _list_group("gradients", "gradients", trainable)
    yield from _list_group("first update", "updates", [variable | {"dtype": "float64"} for variable in variables])
    yield from _list_group("first update", "slots", slots)
    yield Expected("step losses", "losses", Form(record.run.precision, (epochs * structure["steps_per_epoch"],)))
    validated = [f"val_{metric}" for metric in evaluated if structure["rows"]["validation"]]
    for metric in [*structure["metrics"]["training"], *validated]:
        yield Expected("converged loss", f"history/{metric}", Form("float64", (epochs,)))
    yield from _list_group("converged loss", "final_weights", variables)
    yield from _list_group("converged loss", "optimizer", slots)
    for metric in evaluated:
        yield Expected("test metrics", f"test/{metric}", number)
    if not trains(record.run.backend):
        return  # it saves no model of its own
    for output in structure["outputs"]:
        if output["path"].startswith("output."):
            path = output["path"].removeprefix("output.")
            yield Expected("interchange", f"predictions/{path}", Form(output["dtype"], tuple(output["shape"])))
    if not record.run.perturbation:
        yield Expected("interchange", "continued", expect_continued(record))


def expect_continued(record: Record) -> Form:
    """Give the form of the losses of a training that goes on: full batches, or one partial batch if none is full."""
    full = record.structure["rows"]["training"] // record.plan["batch_size"]
    return Form("float64", (max(1, min(CONTINUED_STEPS, full)),))


def _list_group(stage: Stage, group: str, items: list[dict[str, Any]]) -> Iterator[Expected]:
    for path, item in zip(number_paths(item["path"] for item in items), items, strict=True):
        yield Expected(stage, f"{group}/{path}", Form(item["dtype"], tuple(item["shape"])))


def number_paths(paths: Iterable[str]) -> list[str]:
    """List the names under which arrays of these paths are kept; a second array of a path is `path#2`."""
    names: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for path in paths:
        name, number = path, numbers.get(path, 1)
        while name in names:
            number += 1
            name = f"{path}#{number}"
        names[name], numbers[path] = None, number
    return list(names)
