"""Interchange: one backend loads the model that another has saved, and both must compute the same with it.

Predictions on the probe rows are compared, both ways, and for each backend's own file too. In float64 the losses of
training that goes on are compared as well, each backend with the other's model. If the trainings were the same, these
losses must be, unless a backend's file lacks something that the other's has, or its loading loses it. What Keras saves
on no backend (Huber's delta, which variables aren't to decay) is lost on both sides. Then both differ from the training
that was never interrupted, which is noted and no fault.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from multibackend.compare.abilities import trains
from multibackend.compare.bounds import NORM_FLOOR
from multibackend.compare.ensemble import Ensemble
from multibackend.compare.findings import Finding
from multibackend.compare.judgement import Judged, judge
from multibackend.compare.measures import Array
from multibackend.compare.mismatch import find_mismatch
from multibackend.compare.participants import Pair
from multibackend.compare.places import Problem, find_place
from multibackend.compare.quantity import Quantity
from multibackend.experiments.choices import Precision
from multibackend.records.array_file import Form, find_forms
from multibackend.records.record import Record, Run

NOT_TRIED = "no backend has loaded another's model; `multibackend parity` lets them where all other stages pass"


def judge_interchange(ensemble: Ensemble, blank: Finding) -> Finding | Problem:
    """Judge a pair, or find what makes it fail without measuring.

    A model that its own backend can't save, or load again, is not run: this is no matter between backends. A backend
    that doesn't train loads what the other saved, and saves nothing.
    """
    pair, savers = blank.pair, [backend for backend in blank.pair if trains(backend)]
    if not savers:
        return replace(blank, status="not run", detail=f"neither {pair[0]} nor {pair[1]} trains")
    loaded = {backend: ensemble.closer.get(("interchange", blank.precision, backend)) for backend in pair}
    if not any(loaded.values()):
        return replace(blank, status="not run", detail=NOT_TRIED)
    for backend, record in loaded.items():
        if record is None:
            return Problem(f"{backend} has no interchange record; expected one of each, {' and '.join(pair)}")
    records = {backend: record for backend, record in loaded.items() if record}
    saved = {backend: ensemble.base[blank.precision, backend] for backend in pair}
    own = {saver: find_refusal(saved[saver], records[saver]) for saver in savers}
    if all(own.values()):
        return replace(blank, status="not run", detail=own[savers[0]])
    worst = replace(blank, measured=0.0, bound=0.0, detail="no difference")
    others = dict(zip(pair, pair[::-1], strict=True))
    for saver, loader in [*((one, one) for one in savers), *((one, others[one]) for one in savers)]:
        if reason := find_refusal(saved[saver], records[loader]):
            return Problem(reason, f"saved on {saver}")
        found = _judge_loaded(ensemble, blank, (saver, loader), records[loader])
        if isinstance(found, Problem) or found.failed:
            return found
        worst = max(worst, found, key=lambda finding: finding.measured or 0.0)
    if blank.precision == "float64" and len(savers) == 2:
        found = _judge_continued(blank, saved, records)
        if isinstance(found, Problem) or found.failed:
            return found
        larger = max(worst, found, key=lambda finding: finding.measured or 0.0)
        return replace(larger, detail=f"{worst.detail}; {found.detail}")
    return worst


def _judge_continued(blank: Finding, saved: dict[str, Record], loaded: dict[str, Record]) -> Finding | Problem:
    """Compare the losses of two trainings that go on, each with the model that the other backend saved."""
    a, b = blank.pair
    names = (f"{a} with what {b} saved", f"{b} with what {a} saved")
    sides = [_pick(loaded[a], f"continued/{b}"), _pick(loaded[b], f"continued/{a}")]
    if problem := find_mismatch(sides[0], sides[1], names):
        return Problem(problem.detail)
    expected, got = Form("float64", saved[a].arrays["continued"].shape), find_forms(sides[0])["continued"]
    if got != expected:
        return Problem(f"training that goes on: {names[0]} has {got}; expected {expected}", f"saved on {b}")
    judged = _compare_losses(sides[0]["continued"], sides[1]["continued"])
    step = int(np.argmax(judged.excess))
    measured, bound = float(judged.measured[step]), float(judged.bound[step])
    lost = [
        saver
        for saver, side in zip((b, a), sides, strict=True)
        if (own := saved[saver].arrays.get("continued")) is not None
        and own.shape == side["continued"].shape
        and (_compare_losses(own, side["continued"]).excess > 1.0).any()
    ]
    if measured > bound:
        detail = f"{names[0]}, and {names[1]}: loss of step {step + 1} of training that goes on: "
        detail += f"relative difference {measured:.1e}, expected at most {bound:.1e}"
        where = f"saved on {lost[0]}" if len(lost) == 1 else ""
        return replace(blank, status="fail", measured=measured, bound=bound, detail=detail, where=where, step=step + 1)
    note = "; on both, training goes on otherwise than uninterrupted: something is not saved" if len(lost) == 2 else ""
    detail = f"at most {measured:.1e} (loss of training that goes on), bound {bound:.1e}{note}"
    return replace(blank, measured=measured, bound=bound, detail=detail)


def _compare(precision: Precision, a: Array, b: Array, quantity: Quantity) -> Judged:
    """Judge two arrays by themselves."""
    base = {
        (precision, name): Record(Run("", name, precision, "quick", 0), "finished", arrays={quantity.key: array})
        for name, array in (("a", a), ("b", b))
    }
    return judge(Ensemble("", base, ()), precision, ("a", "b"), quantity)


def _compare_losses(a: Array, b: Array) -> Judged:
    return _compare("float64", a, b, Quantity("continued", scale=float(np.abs(a).max(initial=0.0))))


def find_refusal(saved: Record, loaded: Record) -> str:
    """Find why a model could not be saved, or not be loaded; "" if it could."""
    if reason := saved.structure.get("unsaved"):
        return f"{saved.run.backend} can't save the model: {reason}"
    if reason := loaded.structure.get("unloaded", {}).get(saved.run.backend):
        return f"{loaded.run.backend} can't load what {saved.run.backend} saved: {reason}"
    return ""


def _judge_loaded(ensemble: Ensemble, blank: Finding, way: Pair, loaded: Record) -> Finding | Problem:
    """Compare the predictions of a loaded model with those that the saver made before saving it."""
    saver, loader = way
    saved = ensemble.base[blank.precision, saver]
    prefix, where = f"predictions/{saver}.", f"saved on {saver}"
    expected = {f"predictions/{key}": value for key, value in saved.group("predictions").items()}
    got = {f"predictions/{k[len(prefix) :]}": loaded.arrays[k] for k in loaded.arrays if k.startswith(prefix)}
    names = (f"{saver} before saving", f"{loader} after loading")
    if problem := find_mismatch(expected, got, names):
        return Problem(problem.detail, where)
    worst = replace(blank, measured=0.0, bound=0.0, detail="no difference")
    for key, array in expected.items():
        judged = _compare(blank.precision, array, got[key], _measure(ensemble, blank, key))
        measured, bound = float(judged.measured[0]), float(judged.bound[0])
        if measured > bound:
            what = f"{loader} loads what {saver} saved: {find_place(key).words}"
            difference = f"relative difference {measured:.1e} from {saver}'s own, expected at most {bound:.1e}"
            detail = f"{what}: {difference}"
            return replace(blank, status="fail", measured=measured, bound=bound, detail=detail, where=where)
        if measured > (worst.measured or 0.0):
            detail = f"at most {measured:.1e} ({find_place(key).words}, {where}), bound {bound:.1e}"
            worst = replace(blank, measured=measured, bound=bound, detail=detail)
    return worst


def _pick(record: Record, key: str) -> dict[str, Array]:
    return {"continued": record.arrays[key]} if key in record.arrays else {}


def _measure(ensemble: Ensemble, blank: Finding, key: str) -> Quantity:
    """Measure predictions by norm; in float32 with the bound that rounding error needs for the untrained outputs."""
    floor, output = NORM_FLOOR, f"initial_outputs/output.{key.removeprefix('predictions/')}"
    if blank.precision == "float32" and all(output in ensemble.base["float32", b].arrays for b in blank.pair):
        quantity = Quantity(output, by_norm=True, floor=NORM_FLOOR)
        floor = float(judge(ensemble, "float32", blank.pair, quantity).bound[0])
    return Quantity(key, by_norm=True, floor=floor)
