"""Measuring: an experiment trained on one backend, and the record of it."""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.engine.contract import FirstStep
from multibackend.engine.loop import evaluate, predict, train
from multibackend.engine.state import named, restore_state, save_state, to_numpy
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Split
from multibackend.records.record import CONTINUED_STEPS, Record, Run
from multibackend.train.build import Built, Prepared, draw_order
from multibackend.train.describe import describe_structure
from multibackend.train.saving import save_model
from multibackend.train.timing import timed

Emit = Callable[[dict[str, Any]], None]


def train_record(run: Run, p: Prepared, emit: Emit) -> Record:
    """Train a run, and return what it was and did."""
    b = p.built
    model, data, seconds = b.model, b.data, dict(b.seconds)
    state = p.initial_state
    restore_state(model, state)
    if run.perturbation:
        for i, variable in enumerate(model.trainable_variables):
            variable.assign(draws.perturb(to_numpy(variable), run.seed, 1000 * run.perturbation + i))
        state = save_state(model)
    arrays = _prefixed("initial_weights", named(model.weights))

    first_batch, probe = b.first_batch, b.probe
    if run.perturbation:
        first_batch, probe = (_perturb_inputs(split, run) for split in (first_batch, probe))
    with timed(seconds, "first step"):
        outputs = p.forward(probe.inputs)
        arrays |= _prefixed("initial_outputs", outputs)
        arrays |= _prefixed("initial", _scalars(evaluate(model, first_batch)))
        before = named(model.weights)
        loss, gradients = p.first_step(first_batch)
        arrays |= _prefixed("initial", _scalars({"training loss": loss})) | _prefixed("gradients", gradients)
        arrays |= _prefixed("updates", _subtract(named(model.weights), before))
        del before
        arrays |= _prefixed("slots", _widen(named(model.optimizer.variables)))
    restore_state(model, state)

    def on_epoch(number: int, loss: float) -> None:
        shown = loss if math.isfinite(loss) else None
        emit({"event": "epoch", "run": asdict(run), "epoch": number, "epochs": b.plan.epochs, "loss": shown})

    with timed(seconds, "train"):
        trajectory = train(model, p.epoch, b.orders, data.validation, on_epoch)
    with timed(seconds, "evaluate"):
        tested = evaluate(model, data.test)
        arrays |= _prefixed("predictions", predict(model, probe.inputs))
    # Keras holds a file in memory several times over: before there is more to hold.
    files, unsaved, workarounds = ({}, "", ()) if run.perturbation else save_model(model)
    arrays |= {"losses": trajectory.losses}
    arrays |= {f"history/{name}": np.asarray(values) for name, values in trajectory.history.items()}
    arrays |= _prefixed("test", _scalars(tested)) | _prefixed("final_weights", named(model.weights))
    arrays |= _prefixed("optimizer", named(model.optimizer.variables))
    if not run.perturbation:
        arrays["continued"] = continue_training(model, p.first_step, b)
    trained = [name for name in trajectory.history if not name.startswith("val_")]
    rows = {"training": data.training.rows, "test": data.test.rows}
    rows["validation"] = data.validation.rows if data.validation else 0
    return Record(
        run=run,
        status="finished",
        plan=asdict(b.plan),
        diverges=b.experiment.diverges,
        environment={
            "device": get_engine(run.backend).device(),
            "flags": b.flags | p.epoch.how,
            "data_notes": list(data.notes),
        },
        structure=describe_structure(model, outputs)
        | {
            "metrics": {"training": sorted(trained), "evaluation": sorted(tested)},
            "unsaved": unsaved,
            "rows": rows,
            "steps_per_epoch": b.plan.steps_per_epoch(rows["training"]),
        },
        digests=b.digests,
        wall_seconds={phase: round(value, 4) for phase, value in seconds.items()},
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        arrays=arrays,
        files=files,
        workarounds=workarounds,
    )


def continue_training(model: Any, first_step: FirstStep, b: Built) -> np.ndarray:
    """The losses of some steps more, on what would be the next epoch's rows: shape (steps,).

    Seed generators start anew, as Keras doesn't save their states: a loaded model would drop other units.
    """
    kept = {id(variable) for variable in model.non_trainable_weights}
    states = [variable for variable in model.non_trainable_variables if id(variable) not in kept]
    for i, variable in enumerate(states):
        variable.assign(np.full(variable.shape, i))
    order, size = draw_order(b.seed, b.plan.epochs, b.data), b.plan.batch_size
    batches = [order[start : start + size] for start in range(0, CONTINUED_STEPS * size, size)]
    # Full batches alone, but for the one of a training that has no more: they need no other program.
    chosen = [rows for rows in batches if len(rows) == size] or batches[:1]
    return np.asarray([first_step(b.data.training.take(rows))[0] for rows in chosen])


def _prefixed(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def _scalars(values: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def _perturb_inputs(split: Split, run: Run) -> Split:
    """The same rows with floating inputs moved by one ULP."""

    def perturb(array: np.ndarray) -> np.ndarray:
        return draws.perturb(array, run.seed, -run.perturbation) if array.dtype.kind == "f" else array

    return replace(split, inputs=map_arrays(perturb, split.inputs))


def _widen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Integers as int64: an optimizer's counter is int64 on TensorFlow and int32 elsewhere."""
    return {name: value.astype("int64") if value.dtype.kind in "iu" else value for name, value in arrays.items()}


def _subtract(after: dict[str, np.ndarray], before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each variable gained, in float64 so that the difference itself isn't rounded."""
    return {name: np.subtract(value, before[name], dtype=np.float64) for name, value in after.items()}
