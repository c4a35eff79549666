"""Stages: what is compared at each rung of the ladder, from the structure of the model to the test metrics."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from multibackend.compare.bounds import EPS, LOSS_FLOOR, NEGLIGIBLE, NORM_FLOOR, TRAJECTORY_FLOOR, Quantity
from multibackend.compare.findings import Pair
from multibackend.compare.measures import Array, count_differing_bits, divide, size_by_norm
from multibackend.record import Record

STRUCTURE_KEYS = ("layers", "variables", "parameters", "rows", "steps_per_epoch")
Records = tuple[Record, Record]


def compare_structure(records: Records, pair: Pair) -> str:
    """The first difference between two models' structures, or "". Exact: names and counts carry no rounding."""
    a, b = (record.structure for record in records)
    for key in STRUCTURE_KEYS:
        for backend, structure in zip(pair, (a, b), strict=True):
            if key not in structure:
                return f"{key}: missing on {backend}"
    return find_difference(_plain(a), _plain(b), pair)


def compare_data(records: Records, pair: Pair) -> str:
    """The first array of data, or the batch order, that isn't the same, or "". Exact: SHA-256 sums."""
    a, b = (record.digests for record in records)
    for backend, digests in zip(pair, (a, b), strict=True):
        if "batch_order" not in digests or len(digests) < 2:
            return f"{backend} names {', '.join(digests) or 'no digest'}; expected the data's and batch_order's"
    return find_difference(a, b, pair)


def _plain(value: Any) -> Any:
    """As JSON holds it: tuples become lists, so that a record compares alike before and after saving."""
    return json.loads(json.dumps(value))


def find_difference(a: Any, b: Any, pair: Pair, where: str = "") -> str:
    """The first place where two JSON values differ, with both values, or ""."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            if key not in a or key not in b:
                return f"{_dot(where, key)}: missing on {pair[1] if key in a else pair[0]}"
            if found := find_difference(a[key], b[key], pair, _dot(where, key)):
                return found
        return ""
    if isinstance(a, list) and isinstance(b, list) and where.split(".")[-1] in ("layers", "variables"):
        for i, (x, y) in enumerate(zip(a, b, strict=False)):
            if found := find_difference(x, y, pair, f"{where} {_name(x, i)}"):
                return found
        a, b = (len(a), len(b)) if len(a) != len(b) else (0, 0)
        where = f"number of {where}"
    return "" if type(a) is type(b) and a == b else f"{where}: {pair[0]} {_show(a)}, {pair[1]} {_show(b)}"


def _dot(where: str, key: str) -> str:
    return f"{where}.{key}" if where else str(key)


def _name(item: Any, position: int) -> str:
    return str(item.get("path", position)) if isinstance(item, dict) else str(position)


def _show(value: Any) -> str:
    text = value[:12] if isinstance(value, str) and len(value) == 64 else value
    return json.dumps(text)


def compare_weights(records: Records, pair: Pair) -> tuple[float, str]:
    """The largest relative difference, and the first variable that isn't the same to the bit, or "".

    Exact: all initial weights are drawn by NumPy from the seed, on every backend alike. The arrays
    must be of the same keys, dtypes and shapes.
    """
    a, b = (select_arrays(record, "initial weights") for record in records)
    largest, detail = 0.0, ""
    for path in a:
        count = count_differing_bits(a[path], b[path])
        if not count:
            continue
        sizes = np.maximum(size_by_norm(a[path]), size_by_norm(b[path]))
        difference = float(divide(size_by_norm(np.subtract(a[path], b[path], dtype=np.float64)), sizes)[0])
        largest = max(largest, difference)
        detail = detail or (
            f"variable {path}: {count} of {a[path].size} values differ between {pair[0]} and {pair[1]} "
            f"(relative difference {difference:.1e}); expected the same bits"
        )
    return largest, detail


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


def find_missing(record: Record, stage: str) -> str:
    """What a record must hold at a stage and doesn't, or "": two that lack the same thing would agree on nothing."""
    arrays = select_arrays(record, stage)
    structure, epochs = record.structure, record.plan.get("epochs", 0)
    trainable = [item.get("path") for item in structure.get("variables", ()) if item.get("trainable")]
    expected: dict[str, list[str]] = {
        "initial weights": trainable,
        "initial loss": ["loss"],
        "step losses": ["losses"],
        "converged loss": ["loss"] + ["val_loss"] * bool(structure.get("rows", {}).get("validation")),
        "test metrics": ["loss"],
    }
    for key in expected.get(stage, []):
        if key not in arrays:
            return f"{key}: {record.run.backend} has none"
    if stage == "gradients" and trainable and not arrays:
        return f"{record.run.backend} has none"
    length = {"step losses": epochs * structure.get("steps_per_epoch", 0), "converged loss": epochs}.get(stage, 0)
    for key, array in arrays.items():
        if length and array.shape != (length,):
            return f"{key}: {record.run.backend} has {array.size} values; expected {length}"
    return ""


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
        case "step losses":
            return [Quantity("loss", "losses", scale=_largest(records, "losses", 1))]
        case "converged loss":
            scale = _largest(records, "initial/loss")
            return [Quantity(k, f"history/{k}", scale=scale, last=True) for k in keys]
        case "test metrics":
            return [_test_quantity(records, key, scale) for key, scale in zip(keys, start, strict=True)]
    raise ValueError(f"no quantities at stage {stage!r}")


def _list_gradients(records: Records, keys: list[str]) -> list[Quantity]:
    norms = [size_by_norm(record.arrays[f"gradients/{key}"])[0] for record in records for key in keys]
    largest, eps = float(max(norms, default=0.0)), EPS[records[0].run.precision]
    negligible = NEGLIGIBLE * eps * largest
    return [Quantity(f"variable {k}", f"gradients/{k}", True, NORM_FLOOR, largest, negligible) for k in keys]


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
