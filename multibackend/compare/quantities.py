"""Stages by value: the arrays that each numerical stage compares, and how each is measured."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from multibackend.compare.bounds import EPS, LOSS_FLOOR, NEGLIGIBLE, NORM_FLOOR, TRAJECTORY_FLOOR
from multibackend.compare.measures import Array, size_by_norm
from multibackend.compare.quantity import Quantity
from multibackend.records.record import Record

Records = tuple[Record, Record]


def select_arrays(record: Record, stage: str) -> dict[str, Array]:
    """Select the arrays that a stage compares, by their keys, in the model's order where they are of its parts."""
    match stage:
        case "initial weights":
            keys = _list_keys(record, "initial_weights", "variables")
        case "initial outputs":
            keys = _list_keys(record, "initial_outputs", "layers")
        case "initial loss":
            keys = _list_keys(record, "initial")
        case "gradients":
            keys = _list_keys(record, "gradients", "variables")
        case "first update":
            # A slot is computed first, and its variable's update from it.
            keys = [*_list_slots(record), *_list_keys(record, "updates", "variables")]
        case "step losses":
            keys = ["losses"]
        case "converged loss":
            keys = ["history/loss", "history/val_loss"]
        case "test metrics":
            keys = _list_keys(record, "test")
        case _:
            raise ValueError(f"no arrays at stage {stage!r}")
    return {key: record.arrays[key] for key in keys if key in record.arrays}


def _list_keys(record: Record, group: str, kind: str = "") -> list[str]:
    """List the keys of a group in the order in which the structure lists the parts of this kind, then by name."""
    order = {item.get("path"): i for i, item in enumerate(record.structure.get(kind, ()))}
    paths = [key.removeprefix(f"{group}/") for key in record.arrays if key.startswith(f"{group}/")]
    return [f"{group}/{path}" for path in sorted(paths, key=lambda path: (order.get(path, len(order)), path))]


def _list_slots(record: Record) -> list[str]:
    """List the keys of the optimizer's slots in the order of their variables."""
    updates = [key.removeprefix("updates/") for key in _list_keys(record, "updates", "variables")]
    position = {path: i for i, path in enumerate(updates)}
    slots = [key.removeprefix("slots/") for key in _list_keys(record, "slots")]
    ordered = sorted(slots, key=lambda slot: (position.get(find_variable(slot, updates), -1), slot))
    return [f"slots/{slot}" for slot in ordered]


def list_quantities(records: Records, stage: str) -> list[Quantity]:
    """List the quantities of a numerical stage; both records must hold the same arrays."""
    keys = list(select_arrays(records[0], stage))
    match stage:
        case "initial outputs":
            return [Quantity(key, by_norm=True, floor=NORM_FLOOR) for key in keys]
        case "initial loss":
            return [Quantity(key, floor=LOSS_FLOOR) for key in keys]
        case "gradients":
            return _list_gradients(records, keys)
        case "first update":
            return _list_updates(records, keys)
        case "step losses":
            return [Quantity("losses", scale=_find_largest(records, "losses", 1))]
        case "converged loss":
            scale = _find_largest(records, "initial/loss")
            return [Quantity(key, scale=scale, last=True) for key in keys]
        case "test metrics":
            return [_make_test_quantity(records, key.removeprefix("test/")) for key in keys]
    raise ValueError(f"no quantities at stage {stage!r}")


def _list_gradients(records: Records, keys: list[str]) -> list[Quantity]:
    largest = max(_measure_gradients(records).values(), default=0.0)
    negligible = NEGLIGIBLE * EPS[records[0].run.precision] * largest
    return [Quantity(key, True, NORM_FLOOR, largest, negligible) for key in keys]


def _measure_gradients(records: Records) -> dict[str, float]:
    """Measure each trainable variable's gradient by norm, and take the larger of the two."""
    found: dict[str, float] = {}
    for record in records:
        for path, array in record.group("gradients").items():
            found[path] = max(found.get(path, 0.0), float(size_by_norm(array)[0]))
    return found


def _list_updates(records: Records, keys: list[str]) -> list[Quantity]:
    """List what a step adds to each variable, and what it leaves in each slot.

    Both inherit the uncertainty of the variable's gradient. A gradient much smaller than the largest is measured
    against that one's terms, so its update and slot are as uncertain. Where a gradient is negligible, an optimizer that
    divides it by itself makes anything of it, so nothing is demanded of its update. Adam and its like divide by
    1 - beta^t, which in float32 loses what beta^t was rounded by: 6e-5 of it with beta = 0.999.
    """
    gradients = _measure_gradients(records)
    largest, eps = max(gradients.values(), default=0.0), EPS[records[0].run.precision]
    uncertainty = {path: largest / size for path, size in gradients.items() if size}
    floor = NORM_FLOOR + _find_bias_correction(records[0])
    quantities = []
    for key in keys:
        group, path = key.split("/", 1)
        variable = path if group == "updates" else find_variable(path, gradients)
        if gradients.get(variable, largest) < NEGLIGIBLE * eps * largest:
            continue
        scale = _find_largest_norm(records, key) * uncertainty.get(variable, 0.0)
        if group == "updates":  # a difference of weights, rounded as they are
            scale = max(scale, _find_largest_norm(records, f"initial_weights/{path}"))
        quantities.append(Quantity(key, True, floor, scale))
    return quantities


def _find_bias_correction(record: Record) -> float:
    """Find the relative rounding error of 1 - beta^t at the first step, where beta^t has been rounded to float32."""
    optimizer = record.structure.get("optimizer")
    config = (optimizer.get("config") or {}) if isinstance(optimizer, dict) else {}
    betas = [value for key, value in config.items() if key.startswith("beta") and isinstance(value, float)]
    return max((EPS["float32"] / (1.0 - beta) for beta in betas if 0.0 <= beta < 1.0), default=0.0)


def find_variable(slot: str, variables: Iterable[str]) -> str:
    """Find the variable that an optimizer's slot belongs to, or "".

    Keras names a slot OPTIMIZER/VARIABLE_KIND, with underscores for the slashes in the variable's path.
    """
    name = slot.split("/", 1)[-1]
    owners = [path for path in variables if name.startswith(path.replace("/", "_") + "_")]
    return max(owners, key=len, default="")


def _find_largest_norm(records: Records, key: str) -> float:
    return max((float(size_by_norm(r.arrays[key])[0]) for r in records if key in r.arrays), default=0.0)


def _make_test_quantity(records: Records, metric: str) -> Quantity:
    """Make the quantity of a test metric.

    Accuracy is a count of rows: in float32 a single row on the edge may fall either way.
    """
    key = f"test/{metric}"
    if "acc" in metric.split("_")[-1]:
        row = 1.0 / max(1, records[0].structure.get("rows", {}).get("test", 1))
        return Quantity(key, floor=row + TRAJECTORY_FLOOR, least=1.0)
    scale = _find_largest(records, f"initial/{metric}")
    return Quantity(key, scale=scale, support="history/loss" if metric == "loss" else "")


def _find_largest(records: Records, key: str, steps: int | None = None) -> float:
    """Find the largest finite magnitude on either side, in the first `steps` of a trajectory or in all."""
    values = [np.ravel(record.arrays[key])[:steps] for record in records if key in record.arrays]
    finite = [np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in values]
    return float(max(finite, default=0.0))
