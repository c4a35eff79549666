"""Interchange: what one backend makes of the model that another has saved, held against what the other makes of it.

Both ways, and each backend's own file too: predictions on the probe rows, and in float64 the losses of training that
goes on, which continue those of a training never interrupted only if the optimizer's slots were saved and loaded.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from multibackend.compare.bounds import NORM_FLOOR, Quantity, judge
from multibackend.compare.findings import Finding, Pair
from multibackend.compare.measures import Array, Problem, find_mismatch
from multibackend.compare.runs import Ensemble
from multibackend.record import Record, Run

NOT_TRIED = "no backend has loaded another's model; `multibackend parity` lets them where all other stages pass"


def judge_interchange(ensemble: Ensemble, blank: Finding) -> Finding | Problem:
    """The finding of a pair, or what makes it fail without measuring.

    A model that its own backend can't save, or load again, is not run: it is no matter between backends.
    """
    pair = blank.pair
    loaded = {backend: ensemble.closer.get(("interchange", blank.precision, backend)) for backend in pair}
    if not any(loaded.values()):
        return replace(blank, status="not run", detail=NOT_TRIED)
    for backend, record in loaded.items():
        if record is None:
            return Problem(f"{backend} has no interchange record; expected one of each, {' and '.join(pair)}")
    records = {backend: record for backend, record in loaded.items() if record}
    saved = {backend: ensemble.base[blank.precision, backend] for backend in pair}
    own = {backend: find_refusal(saved[backend], records[backend]) for backend in pair}
    if all(own.values()):
        return replace(blank, status="not run", detail=own[pair[0]])
    worst = replace(blank, measured=0.0, bound=0.0, detail="no difference")
    for saver, loader in ((pair[0], pair[0]), (pair[1], pair[1]), pair, pair[::-1]):
        if reason := find_refusal(saved[saver], records[loader]):
            return Problem(reason, f"saved on {saver}")
        found = _judge_loaded(ensemble, blank, (saver, loader), records[loader])
        if isinstance(found, Problem) or found.failed:
            return found
        worst = max(worst, found, key=lambda finding: finding.measured or 0.0)
    return worst


def find_refusal(saved: Record, loaded: Record) -> str:
    """Why a model could not be saved, or not be loaded, or ""."""
    if reason := saved.structure.get("unsaved"):
        return f"{saved.run.backend} can't save the model: {reason}"
    if reason := loaded.structure.get("unloaded", {}).get(saved.run.backend):
        return f"{loaded.run.backend} can't load what {saved.run.backend} saved: {reason}"
    return ""


def _judge_loaded(ensemble: Ensemble, blank: Finding, way: Pair, loaded: Record) -> Finding | Problem:
    """What the loader makes of the saver's model, against what the saver made of it before saving."""
    saver, loader = way
    saved = ensemble.base[blank.precision, saver]
    prefix, where = f"predictions/{saver}.", f"saved on {saver}"
    expected = {f"predictions {key}": value for key, value in saved.group("predictions").items()}
    got = {f"predictions {k[len(prefix) :]}": loaded.arrays[k] for k in loaded.arrays if k.startswith(prefix)}
    if blank.precision == "float64" and saver != loader:
        expected |= _pick(saved, "continued")
        got |= _pick(loaded, f"continued/{saver}")
    names = (f"{saver} before saving", f"{loader} after loading")
    if problem := find_mismatch(expected, got, names, "model's"):
        return Problem(problem.detail, where)
    sides = zip(names, (expected, got), strict=True)
    base = {
        (blank.precision, n): Record(Run("", n, blank.precision, "quick", 0), "finished", arrays=a) for n, a in sides
    }
    worst = replace(blank, measured=0.0, bound=0.0, detail="no difference")
    for key, array in expected.items():
        judged = judge(Ensemble("", base, ()), blank.precision, names, _measure(ensemble, blank, key, array))
        step = int(np.argmax(judged.excess))
        measured, bound = float(judged.measured[step]), float(judged.bound[step])
        at = f"step {step + 1} of training that goes on" if key == "continued" else key
        if measured > bound:
            detail = f"{loader} loads what {saver} saved: {at}: relative difference {measured:.1e} from {saver}'s own"
            detail += f", expected at most {bound:.1e}"
            step = step + 1 if key == "continued" else 0
            return replace(blank, status="fail", measured=measured, bound=bound, detail=detail, where=where, step=step)
        if measured > (worst.measured or 0.0):
            detail = f"at most {measured:.1e} ({at}, {where}), bound {bound:.1e}"
            worst = replace(blank, measured=measured, bound=bound, detail=detail)
    return worst


def _pick(record: Record, key: str) -> dict[str, Array]:
    return {"continued": record.arrays[key]} if key in record.arrays else {}


def _measure(ensemble: Ensemble, blank: Finding, key: str, array: Array) -> Quantity:
    """Predictions by norm, in float32 with the room that rounding needs in the untrained model's outputs."""
    if key == "continued":
        return Quantity(key, key, scale=float(np.abs(array).max(initial=0.0)))
    floor, output = NORM_FLOOR, f"initial_outputs/output.{key.removeprefix('predictions ')}"
    if blank.precision == "float32" and all(output in ensemble.base["float32", b].arrays for b in blank.pair):
        quantity = Quantity("output", output, by_norm=True, floor=NORM_FLOOR)
        floor = float(judge(ensemble, "float32", blank.pair, quantity).bound[0])
    return Quantity(key, key, by_norm=True, floor=floor)
