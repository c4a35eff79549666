"""Exact stages: structure, data and initial weights, which carry no rounding error and must be the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from multibackend.compare.measures import count_differing_bits, divide, size_by_norm
from multibackend.compare.participants import Pair
from multibackend.compare.places import Problem, find_place, report_problem
from multibackend.compare.quantities import Records, select_arrays
from multibackend.text import sanitize

JUDGED_BY_VALUE = ("outputs", "slots")
"""Fields of a structure that say which arrays there are: where they differ, so do the arrays, at their own stage."""


def compare_structure(records: Records, pair: Pair) -> Problem | None:
    """Find the first difference between two trainings' structures, if any: names and counts carry no rounding error."""
    a, b = ({k: v for k, v in r.structure.items() if k not in JUDGED_BY_VALUE} for r in records)
    return find_difference(_as_json(a), _as_json(b), pair)


def compare_data(records: Records, pair: Pair) -> Problem | None:
    """Find the first SHA-256 sum, of an array of data or of the batch order, that isn't the same, if any."""
    return find_difference(records[0].digests, records[1].digests, pair)


def _as_json(value: Any) -> Any:
    """Turn tuples into lists, as JSON does, so that a record compares alike before and after it is saved."""
    return json.loads(json.dumps(value))


def find_difference(a: Any, b: Any, pair: Pair, where: str = "", item: str = "") -> Problem | None:
    """Find the first place where two JSON values differ, with both values; `item` is the layer or variable there."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            place = f"{where}.{key}" if where else str(key)
            if key not in a or key not in b:
                return _report(f"{place}: missing on {pair[1] if key in a else pair[0]}", place, item)
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
    return _report(f"{where}: {pair[0]} {_show(a)}, {pair[1]} {_show(b)}", where, item)


def _report(detail: str, where: str, item: str) -> Problem:
    return Problem(detail, item or where, (item,) if item else ())


def _name(item: Any, position: int) -> str:
    return str(item.get("path", position)) if isinstance(item, dict) else str(position)


def _show(value: Any) -> str:
    text = value[:12] if isinstance(value, str) and len(value) == 64 else value
    return sanitize(json.dumps(text), 200)


def compare_weights(records: Records, pair: Pair) -> tuple[float, Problem | None]:
    """Find the largest relative difference, and the first variable that isn't the same to the bit, if any.

    All initial weights are drawn by NumPy from the seed, on every backend alike. The arrays must have the same keys,
    dtypes and shapes.
    """
    a, b = (select_arrays(record, "initial weights") for record in records)
    largest, problem = 0.0, None
    for key in a:
        count = count_differing_bits(a[key], b[key])
        if not count:
            continue
        sizes = np.maximum(size_by_norm(a[key]), size_by_norm(b[key]))
        difference = float(divide(size_by_norm(np.subtract(a[key], b[key], dtype=np.float64)), sizes)[0])
        largest = max(largest, difference)
        detail = (
            f"{count} of {a[key].size} values differ between {pair[0]} and {pair[1]} "
            f"(relative difference {difference:.1e}); expected the same bits"
        )
        problem = problem or report_problem(find_place(key), detail)
    return largest, problem
