"""Origins: where an error starts that a stage has shown, found in the records of each layer run alone.

The calls of layers are compared in the order in which they ended: forwards for outputs, backwards for gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multibackend.compare.bounds import EPS, NEGLIGIBLE, NORM_FLOOR
from multibackend.compare.ensemble import Ensemble
from multibackend.compare.findings import STAGES, Finding, Origin, OriginKind
from multibackend.compare.judgement import judge
from multibackend.compare.measures import size_by_norm
from multibackend.compare.mismatch import find_mismatch
from multibackend.compare.participants import Pair
from multibackend.compare.places import Place
from multibackend.compare.quantity import Quantity
from multibackend.compare.suspects import find_suspects
from multibackend.experiments.choices import Precision
from multibackend.records.record import Record

LOCAL_STAGES = STAGES[STAGES.index("initial outputs") : STAGES.index("first update") + 1]
"""Stages whose errors arise in one training step, and so in something that is run alone."""


@dataclass(frozen=True)
class Start:
    """The first thing that differs between a pair when it is run alone; `position` is its place in causal order."""

    position: int
    kind: OriginKind
    where: str
    detail: str


def find_origin(ensemble: Ensemble, precision: Precision, findings: Sequence[Finding]) -> list[Origin]:
    """Find the origin of the first failure in a precision; none if no layer was run alone, or nothing failed."""
    failing = [f for f in findings if f.status == "fail" and f.stage in LOCAL_STAGES]
    first = min((STAGES.index(f.stage) for f in failing), default=-1)
    pairs = [f.pair for f in failing if STAGES.index(f.stage) == first]
    alone = {(of, name): record for (task, of, name), record in ensemble.closer.items() if task == "isolation"}
    pairs = [pair for pair in pairs if all((precision, backend) in alone for backend in pair)]
    if not pairs:
        return []
    isolated = Ensemble(ensemble.experiment, alone, ())
    starts = {pair: start for pair in pairs if (start := _find_start(isolated, precision, pair))}
    if not starts:
        detail = "no layer, nor the loss, nor the optimizer differs when it is run alone on the same values"
        return [Origin(ensemble.experiment, precision, find_suspects(pairs), "nowhere", "", detail)]
    earliest = min(starts.values(), key=lambda start: (start.position, start.kind, start.where, start.detail))
    accused = [pair for pair, one in starts.items() if (one.kind, one.where) == (earliest.kind, earliest.where)]
    who = find_suspects(accused)
    return [Origin(ensemble.experiment, precision, who, earliest.kind, earliest.where, earliest.detail)]


def _find_start(isolated: Ensemble, precision: Precision, pair: Pair) -> Start | None:
    """Find the first thing in causal order at which a pair differs."""
    records = [isolated.base[precision, backend] for backend in pair]
    order = list_parts(records[0])
    arrays = [{key: record.arrays[key] for key in order if key in record.arrays} for record in records]
    for position, key in enumerate(order):
        kind, where = _name_kind(key), _name_part(key)
        ours = [{key: group[key].astype("float64")} if key in group else {} for group in arrays]
        problem = find_mismatch(ours[0], ours[1], pair, _find_place) if any(ours) else None
        if problem:
            return Start(position, kind, where, problem.detail)
        quantity = _measure(key, arrays)
        judged = judge(isolated, precision, pair, quantity)
        if (judged.excess > 1.0).any():
            sizes = [size_by_norm(group[key])[0] for group in arrays]
            values = ", ".join(f"{backend} norm {size:.9g}" for backend, size in zip(pair, sizes, strict=True))
            detail = f"alone on the same values: {values}; relative difference {judged.measured[0]:.1e}"
            return Start(position, kind, where, f"{detail}, expected at most {judged.bound[0]:.1e}")
    return None


def list_parts(record: Record) -> list[str]:
    """List a record's keys in causal order: outputs and the loss forwards, gradients backwards, then the optimizer."""
    order = [str(key) for key in record.structure.get("order", sorted(record.arrays))]
    # A variable is updated from its slots.
    updates = [key for group in ("slots/", "updates/") for key in order if key.startswith(group)]
    forward = [key for key in order if not key.startswith("gradients") and key not in updates]
    calls = [_name_call(key) for key in order if key.startswith("outputs/")]
    depth = {call: i for i, call in enumerate(dict.fromkeys(calls))}

    def place(key: str) -> tuple[int, bool]:
        """Order a variable's gradient before that of its layer's input: what is nearer to the loss comes first."""
        if key.startswith("gradients/"):
            owner = max((call for call in depth if key[10:].startswith(f"{call}/")), key=len, default="")
            return -depth.get(owner, -1), False
        return -depth.get(_name_call(key), -1), True

    return [*forward, *sorted((key for key in order if key.startswith("gradients")), key=place), *updates]


def _name_call(key: str) -> str:
    """Name the call that a key such as `outputs/CALL.0` is of."""
    return key.split("/", 1)[-1].rpartition(".")[0]


def _name_kind(key: str) -> OriginKind:
    match key.split("/", 1)[0]:
        case "loss":
            return "loss"
        case "outputs" | "masks":
            return "output"
        case "updates" | "slots":
            return "optimizer"
        case "arrived" | "gradients of handed":
            return "between layers"
    return "gradient"


def _name_part(key: str) -> str:
    """Name the variable, the slot or the call of a layer that a key is of; "" for the loss."""
    group, _, rest = key.partition("/")
    return rest if group in ("gradients", "updates", "slots", "loss") else _name_call(key)


def _find_place(key: str) -> Place:
    return Place(f"{_name_kind(key)} {_name_part(key)}".strip(), _name_part(key))


def _measure(key: str, arrays: Sequence[dict[str, Any]]) -> Quantity:
    """Measure a gradient against the largest of its kind, because cancellation leaves rounding error of that size."""
    group = key.split("/", 1)[0]
    if not group.startswith("gradients") and group != "slots":
        return Quantity(key, by_norm=True, floor=NORM_FLOOR)
    alike = [k for k in arrays[0] if k.split("/", 1)[0] == group and (group != "slots" or _kind(k) == _kind(key))]
    largest = max(float(size_by_norm(found[k])[0]) for found in arrays for k in alike if k in found)
    eps = EPS[str(arrays[0][key].dtype)] if str(arrays[0][key].dtype) in EPS else EPS["float64"]
    return Quantity(key, True, NORM_FLOOR, largest, NEGLIGIBLE * eps * largest)


def _kind(slot: str) -> str:
    return slot.rpartition("_")[2]
