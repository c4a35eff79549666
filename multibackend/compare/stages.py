"""Stages: what is compared at each rung of the ladder, from the structure of the model to the test metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from multibackend.compare.bounds import EPS, LOSS_FLOOR, NEGLIGIBLE, NORM_FLOOR, TRAJECTORY_FLOOR, Quantity
from multibackend.compare.measures import Array, Problem, count_differing_bits, divide, size_by_norm
from multibackend.compare.suspects import Pair
from multibackend.records.record import Record
from multibackend.text import sanitize

JUDGED_BY_VALUE = ("outputs", "slots")
"""Parts of a structure that say which arrays there are: where they differ, so do the arrays, at their own stage."""

Records = tuple[Record, Record]


def compare_structure(records: Records, pair: Pair) -> Problem | None:
    """The first difference between two trainings' structures, if any. Exact: names and counts carry no rounding."""
    a, b = ({k: v for k, v in r.structure.items() if k not in JUDGED_BY_VALUE} for r in records)
    return find_difference(_plain(a), _plain(b), pair)


def compare_data(records: Records, pair: Pair) -> Problem | None:
    """The first array of data, or the batch order, that isn't the same, if any. Exact: SHA-256 sums."""
    return find_difference(records[0].digests, records[1].digests, pair)


def _plain(value: Any) -> Any:
    """As JSON holds it: tuples become lists, so that a record compares alike before and after saving."""
    return json.loads(json.dumps(value))


def find_difference(a: Any, b: Any, pair: Pair, where: str = "", item: str = "") -> Problem | None:
    """The first place where two JSON values differ, with both values, if any; `item` is the layer or variable there."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            place = f"{where}.{key}" if where else str(key)
            if key not in a or key not in b:
                return Problem(f"{place}: missing on {pair[1] if key in a else pair[0]}", item or place)
            if found := find_difference(a[key], b[key], pair, place, item):
                return found
        return None
    if isinstance(a, list) and isinstance(b, list) and where in ("layers", "variables"):
        for i, (x, y) in enumerate(zip(a, b, strict=False)):
            name = _name(x, i)
            if found := find_difference(x, y, pair, f"{where} {name}", name):
                return found
        a, b = (len(a), len(b)) if len(a) != len(b) else (0, 0)
        where = f"number of {where}"
    if type(a) is type(b) and a == b:
        return None
    return Problem(f"{where}: {pair[0]} {_show(a)}, {pair[1]} {_show(b)}", item or where)


def _name(item: Any, position: int) -> str:
    return str(item.get("path", position)) if isinstance(item, dict) else str(position)


def _show(value: Any) -> str:
    text = value[:12] if isinstance(value, str) and len(value) == 64 else value
    return sanitize(json.dumps(text), 200)


def compare_weights(records: Records, pair: Pair) -> tuple[float, Problem | None]:
    """The largest relative difference, and the first variable that isn't the same to the bit, if any.

    Exact: all initial weights are drawn by NumPy from the seed, on every backend alike. The arrays
    must be of the same keys, dtypes and shapes.
    """
    a, b = (select_arrays(record, "initial weights") for record in records)
    largest, problem = 0.0, None
    for path in a:
        count = count_differing_bits(a[path], b[path])
        if not count:
            continue
        sizes = np.maximum(size_by_norm(a[path]), size_by_norm(b[path]))
        difference = float(divide(size_by_norm(np.subtract(a[path], b[path], dtype=np.float64)), sizes)[0])
        largest = max(largest, difference)
        problem = problem or Problem(
            f"variable {path}: {count} of {a[path].size} values differ between {pair[0]} and {pair[1]} "
            f"(relative difference {difference:.1e}); expected the same bits",
            path,
        )
    return largest, problem


def select_arrays(record: Record, stage: str) -> dict[str, Array]:
    """The arrays that a stage compares, in the model's order where they are of layers or variables."""
    match stage:
        case "initial weights":
            return _in_order(record.group("initial_weights"), record, "variables")
        case "initial outputs":
            return _in_order(record.group("initial_outputs"), record, "layers")
        case "initial loss":
            return dict(sorted(record.group("initial").items()))
        case "gradients":
            return _in_order(record.group("gradients"), record, "variables")
        case "first update":
            updates = _in_order(record.group("updates"), record, "variables")
            position = {path: i for i, path in enumerate(updates)}
            slots = record.group("slots")
            order = sorted(slots, key=lambda slot: (position.get(find_variable(slot, updates), -1), slot))
            # A slot is computed first, and its variable's update from it.
            return {f"slot {k}": slots[k] for k in order} | {f"variable {k}": v for k, v in updates.items()}
        case "step losses":
            return {key: record.arrays[key] for key in ("losses",) if key in record.arrays}
        case "converged loss":
            history = record.group("history")
            return {key: history[key] for key in ("loss", "val_loss") if key in history}
        case "test metrics":
            return dict(sorted(record.group("test").items()))
    raise ValueError(f"no arrays at stage {stage!r}")


def _in_order(arrays: dict[str, Array], record: Record, kind: str) -> dict[str, Array]:
    order = {item.get("path"): i for i, item in enumerate(record.structure.get(kind, ()))}
    return {key: arrays[key] for key in sorted(arrays, key=lambda key: (order.get(key, len(order)), key))}


def list_quantities(records: Records, stage: str) -> list[Quantity]:
    """The quantities of a numerical stage; both records must hold the same arrays."""
    keys = list(select_arrays(records[0], stage))
    start = [_largest(records, f"initial/{key}") for key in keys]
    match stage:
        case "initial outputs":
            return [Quantity(f"layer {k}", f"initial_outputs/{k}", by_norm=True, floor=NORM_FLOOR) for k in keys]
        case "initial loss":
            return [Quantity(k, f"initial/{k}", floor=LOSS_FLOOR) for k in keys]
        case "gradients":
            return _list_gradients(records, keys)
        case "first update":
            return _list_updates(records, keys)
        case "step losses":
            return [Quantity("loss", "losses", scale=_largest(records, "losses", 1))]
        case "converged loss":
            scale = _largest(records, "initial/loss")
            return [Quantity(k, f"history/{k}", scale=scale, last=True) for k in keys]
        case "test metrics":
            return [_test_quantity(records, key, scale) for key, scale in zip(keys, start, strict=True)]
    raise ValueError(f"no quantities at stage {stage!r}")


def _list_gradients(records: Records, keys: list[str]) -> list[Quantity]:
    largest = max(_measure_gradients(records).values(), default=0.0)
    negligible = NEGLIGIBLE * EPS[records[0].run.precision] * largest
    return [Quantity(f"variable {k}", f"gradients/{k}", True, NORM_FLOOR, largest, negligible) for k in keys]


def _measure_gradients(records: Records) -> dict[str, float]:
    """Each trainable variable's gradient by norm, the larger of the two."""
    found: dict[str, float] = {}
    for record in records:
        for path, array in record.group("gradients").items():
            found[path] = max(found.get(path, 0.0), float(size_by_norm(array)[0]))
    return found


def _list_updates(records: Records, keys: list[str]) -> list[Quantity]:
    """What a step adds to each variable, and leaves in each slot.

    Both inherit what the variable's gradient can't be told from: of a gradient much smaller than the largest, which
    is measured against that one's terms, an update and a slot are as uncertain. Where a gradient is negligible,
    an optimizer that divides it by itself makes anything of it: nothing is demanded of its update. Adam and its like
    divide by 1 - beta^t, which in float32 loses what beta^t was rounded by: 6e-5 of it with 0.999.
    """
    gradients = _measure_gradients(records)
    largest, eps = max(gradients.values(), default=0.0), EPS[records[0].run.precision]
    uncertainty = {path: largest / size for path, size in gradients.items() if size}
    floor = NORM_FLOOR + _bias_correction(records[0])
    quantities = []
    for label in keys:
        kind, path = label.split(" ", 1)
        variable = path if kind == "variable" else find_variable(path, gradients)
        if gradients.get(variable, largest) < NEGLIGIBLE * eps * largest:
            continue
        key = f"updates/{path}" if kind == "variable" else f"slots/{path}"
        scale = _largest_norm(records, key) * uncertainty.get(variable, 0.0)
        if kind == "variable":  # a difference of weights, rounded as they are
            scale = max(scale, _largest_norm(records, f"initial_weights/{path}"))
        quantities.append(Quantity(label, key, True, floor, scale))
    return quantities


def _bias_correction(record: Record) -> float:
    """The relative rounding of 1 - beta^t at the first step, where beta^t has been rounded to float32."""
    optimizer = record.structure.get("optimizer")
    config = (optimizer.get("config") or {}) if isinstance(optimizer, dict) else {}
    betas = [value for key, value in config.items() if key.startswith("beta") and isinstance(value, float)]
    return max((EPS["float32"] / (1.0 - beta) for beta in betas if 0.0 <= beta < 1.0), default=0.0)


def find_variable(slot: str, variables: Iterable[str]) -> str:
    """The variable that an optimizer's slot belongs to, or "".

    Keras names a slot OPTIMIZER/VARIABLE_KIND, with underscores for the slashes in the variable's path.
    """
    name = slot.split("/", 1)[-1]
    owners = [path for path in variables if name.startswith(path.replace("/", "_") + "_")]
    return max(owners, key=len, default="")


def _largest_norm(records: Records, key: str) -> float:
    return max((float(size_by_norm(r.arrays[key])[0]) for r in records if key in r.arrays), default=0.0)


def _test_quantity(records: Records, key: str, scale: float) -> Quantity:
    """A test metric. Accuracy is a count of rows: in float32 a single row on the edge may fall either way."""
    if "acc" in key.split("_")[-1]:
        row = 1.0 / max(1, records[0].structure.get("rows", {}).get("test", 1))
        return Quantity(key, f"test/{key}", floor=row + TRAJECTORY_FLOOR, least=1.0)
    return Quantity(key, f"test/{key}", scale=scale, support="history/loss" if key == "loss" else "")


def _largest(records: Records, key: str, steps: int | None = None) -> float:
    """The largest finite magnitude on either side; of a trajectory, of its first steps."""
    values = [np.ravel(record.arrays[key])[:steps] for record in records if key in record.arrays]
    finite = [np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in values]
    return float(max(finite, default=0.0))
