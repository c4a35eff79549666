"""Origins: where the error starts that a stage has shown, from the records of each layer run alone.

The calls of layers are gone through in the order in which they ended, forwards for outputs, backwards for gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from multibackend.compare.bounds import EPS, NEGLIGIBLE, NORM_FLOOR, Quantity, judge
from multibackend.compare.findings import STAGES, Finding, Origin, OriginKind
from multibackend.compare.measures import find_mismatch, size_by_norm
from multibackend.compare.runs import Ensemble
from multibackend.compare.suspects import Pair, find_suspects
from multibackend.records.record import Record

LOCAL_STAGES = STAGES[STAGES.index("initial outputs") : STAGES.index("first update") + 1]
"""Stages whose errors arise in one training step, and so in one of its parts."""

GRADIENT = "gradients of "
Place = tuple[int, OriginKind, str, str]
"""Where a pair first parts: its position in causal order, kind, where, detail."""


def find_origin(ensemble: Ensemble, precision: str, findings: Sequence[Finding]) -> list[Origin]:
    """The origin of the first failure in a precision, if each layer was run alone; none if not, or nothing failed."""
    failing = [f for f in findings if f.status == "fail" and f.stage in LOCAL_STAGES]
    first = min((STAGES.index(f.stage) for f in failing), default=-1)
    pairs = [f.pair for f in failing if STAGES.index(f.stage) == first]
    alone = {key[1:]: record for key, record in ensemble.closer.items() if key[0] == "isolation"}
    pairs = [pair for pair in pairs if all((precision, backend) in alone for backend in pair)]
    if not pairs:
        return []
    isolated = Ensemble(ensemble.experiment, alone, ())
    places = {pair: _find_place(isolated, precision, pair) for pair in pairs}
    found = {pair: place for pair, place in places.items() if place}
    if not found:
        detail = "no layer, nor the loss, nor the optimizer parts when it is run alone on the same values"
        return [Origin(ensemble.experiment, precision, find_suspects(pairs), "nowhere", "", detail)]
    _, kind, where, detail = min(found.values())
    accused = [pair for pair, place in found.items() if place[1:3] == (kind, where)]
    return [Origin(ensemble.experiment, precision, find_suspects(accused), kind, where, detail)]


def _find_place(isolated: Ensemble, precision: str, pair: Pair) -> Place | None:
    """The first part of the step, in causal order, at which a pair differs."""
    records = [isolated.base[precision, backend] for backend in pair]
    order = list_parts(records[0])
    arrays = [{key: record.arrays[key] for key in order if key in record.arrays} for record in records]
    for position, key in enumerate(order):
        kind, where = _name_part(key)
        ours = [{key: group[key]} if key in group else {} for group in arrays]
        problem = find_mismatch(_typeless(ours[0]), _typeless(ours[1]), pair, kind) if any(ours) else None
        if problem:
            return position, kind, where, problem.detail
        quantity = _measure(key, arrays)
        judged = judge(isolated, precision, pair, quantity)
        if (judged.excess > 1.0).any():
            sizes = [size_by_norm(group[key])[0] for group in arrays]
            values = ", ".join(f"{backend} norm {size:.9g}" for backend, size in zip(pair, sizes, strict=True))
            detail = f"alone on the same values: {values}; relative difference {judged.measured[0]:.1e}"
            return position, kind, where, f"{detail}, expected at most {judged.bound[0]:.1e}"
    return None


def list_parts(record: Record) -> list[str]:
    """The keys of a record in causal order: outputs and the loss forwards, gradients backwards, then the optimizer."""
    order = [str(key) for key in record.structure.get("order", sorted(record.arrays))]
    # A variable is updated from its slots.
    updates = [key for group in ("slots/", "updates/") for key in order if key.startswith(group)]
    forward = [key for key in order if not key.startswith("gradients") and key not in updates]
    calls = [_call(key) for key in order if key.startswith("outputs/")]
    depth = {call: i for i, call in enumerate(dict.fromkeys(calls))}

    def place(key: str) -> tuple[int, bool]:
        """A variable's gradient before its layer's input's: what is nearer to the loss comes first."""
        if key.startswith("gradients/"):
            owner = max((call for call in depth if key[10:].startswith(f"{call}/")), key=len, default="")
            return -depth.get(owner, -1), False
        return -depth.get(_call(key), -1), True

    return [*forward, *sorted((key for key in order if key.startswith("gradients")), key=place), *updates]


def _call(key: str) -> str:
    """The call that a key such as `outputs/CALL.0` is of."""
    return key.split("/", 1)[-1].rpartition(".")[0]


def _name_part(key: str) -> tuple[OriginKind, str]:
    if key == "loss":
        return "loss", ""
    group, rest = key.split("/", 1)
    match group:
        case "arrived":
            return "between layers", _call(key)
        case "outputs" | "masks":
            return "output", _call(key)
        case "gradients":
            return "gradient", rest
        case "updates" | "slots":
            return "optimizer", rest
    return ("between layers" if group.endswith("handed") else "gradient"), _call(key)


def _measure(key: str, arrays: Sequence[dict[str, Any]]) -> Quantity:
    """A gradient is measured against the largest of its kind, as cancellation leaves rounding of that size."""
    group = key.split("/", 1)[0]
    if not group.startswith("gradients") and group != "slots":
        return Quantity(key, key, by_norm=True, floor=NORM_FLOOR)
    alike = [k for k in arrays[0] if k.split("/", 1)[0] == group and (group != "slots" or _kind(k) == _kind(key))]
    largest = max(float(size_by_norm(found[k])[0]) for found in arrays for k in alike if k in found)
    eps = EPS[str(arrays[0][key].dtype)] if str(arrays[0][key].dtype) in EPS else EPS["float64"]
    return Quantity(key, key, True, NORM_FLOOR, largest, NEGLIGIBLE * eps * largest)


def _kind(slot: str) -> str:
    return slot.rpartition("_")[2]


def _typeless(arrays: dict[str, Any]) -> dict[str, Any]:
    return {key: array.astype("float64") for key, array in arrays.items()}
