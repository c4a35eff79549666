"""Measuring: an experiment trained on one backend, and the record of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
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
from multibackend.train.memory import read_peak_bytes
from multibackend.train.saving import Saved, save_model
from multibackend.train.timing import timed

Emit = Callable[[dict[str, Any]], None]
"""A function that tells an event to the process that started this one."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """The results of a training beside its arrays: each layer's first output, names of metrics, and the saved model."""

    outputs: Arrays
    trained_metrics: list[str]
    tested_metrics: list[str]
    saved: Saved


def train_record(run: Run, p: Prepared, emit: Emit) -> Record:
    """Train a run, and return what it was and did."""
    b, model, seconds = p.built, p.built.model, dict(p.built.seconds)
    state = _restore_start(run, p)
    first_batch, probe = perturb_inputs(b.first_batch, run), perturb_inputs(b.probe, run)
    arrays = prefixed("initial_weights", named(model.weights))
    with timed(seconds, "first step"):
        outputs = p.forward(probe.inputs)
        arrays |= prefixed("initial_outputs", outputs) | _measure_first_step(p, first_batch)
    restore_state(model, state)
    with timed(seconds, "train"):
        trajectory = train(model, p.epoch, b.orders, b.data.validation, _make_reporter(run, b, emit))
    with timed(seconds, "evaluate"):
        tested = evaluate(model, b.data.test)
        arrays |= prefixed("predictions", predict(model, probe.inputs))
    # Keras holds a file in memory several times over. So the model is saved before there are more arrays to hold.
    saved = Saved() if run.perturbation else save_model(model)
    arrays |= {"losses": trajectory.losses}
    arrays |= {f"history/{name}": np.asarray(values) for name, values in trajectory.history.items()}
    arrays |= prefixed("test", _as_scalars(tested)) | prefixed("final_weights", named(model.weights))
    arrays |= prefixed("optimizer", named(model.optimizer.variables))
    if not run.perturbation:
        arrays["continued"] = continue_training(model, p.first_step, b)
    trained_metrics = [name for name in trajectory.history if not name.startswith("val_")]
    trained = Trained(outputs, sorted(trained_metrics), sorted(tested), saved)
    return make_record(run, b, p.epoch.how, trained, arrays, seconds)


def continue_training(model: Any, first_step: FirstStep, b: Built) -> np.ndarray:
    """Train some steps more, on what would be the next epoch's rows, and return their losses: shape (steps,).

    Seed generators start anew, as Keras doesn't save their states: a loaded model would drop other units.
    """
    kept = {id(variable) for variable in model.non_trainable_weights}
    states = [variable for variable in model.non_trainable_variables if id(variable) not in kept]
    for i, variable in enumerate(states):
        variable.assign(np.full(variable.shape, i))
    order, size = draw_order(b.seed, b.plan.epochs, b.data), b.plan.batch_size
    batches = [order[start : start + size] for start in range(0, CONTINUED_STEPS * size, size)]
    # Full batches alone, as they need no other program; a training that has no full batch takes its only one.
    chosen = [rows for rows in batches if len(rows) == size] or batches[:1]
    return np.asarray([first_step(b.data.training.take(rows))[0] for rows in chosen])


def _restore_start(run: Run, p: Prepared) -> list[np.ndarray]:
    """Give the model the weights that the run starts from, and return its state then."""
    model = p.built.model
    restore_state(model, p.initial_state)
    if not run.perturbation:
        return p.initial_state
    perturb_weights(model, run)
    return save_state(model)


def perturb_weights(model: Any, run: Run) -> None:
    """Move the weights that are trained by one ULP in a perturbed run; change nothing in another."""
    for i, variable in enumerate(model.trainable_variables if run.perturbation else ()):
        variable.assign(draws.perturb(to_numpy(variable), run.seed, 1000 * run.perturbation + i))


def _measure_first_step(p: Prepared, first_batch: Split) -> Arrays:
    """Train the first step: metrics before it, its loss and gradients, and what it makes of weights and slots."""
    model = p.built.model
    arrays = prefixed("initial", _as_scalars(evaluate(model, first_batch)))
    before = named(model.weights)
    loss, gradients = p.first_step(first_batch)
    arrays |= prefixed("initial", _as_scalars({"training loss": loss})) | prefixed("gradients", gradients)
    arrays |= prefixed("updates", _subtract(named(model.weights), before))
    return arrays | prefixed("slots", _widen(named(model.optimizer.variables)))


def _make_reporter(run: Run, b: Built, emit: Emit) -> Callable[[int, float], None]:
    """Make a function that tells each epoch and its loss; JSON has no word for a loss that isn't finite."""

    def report(number: int, loss: float) -> None:
        shown = loss if math.isfinite(loss) else None
        emit({"event": "epoch", "run": asdict(run), "epoch": number, "epochs": b.plan.epochs, "loss": shown})

    return report


def make_record(
    run: Run, b: Built, how: dict[str, Any], trained: Trained, arrays: Arrays, seconds: dict[str, float]
) -> Record:
    """Put together the record of a run; `how` says how its training ran."""
    saved = trained.saved
    rows = {"training": b.data.training.rows, "test": b.data.test.rows}
    rows["validation"] = b.data.validation.rows if b.data.validation else 0
    structure = describe_structure(b.model, trained.outputs) | {
        "metrics": {"training": trained.trained_metrics, "evaluation": trained.tested_metrics},
        "unsaved": saved.problem,
        "rows": rows,
        "steps_per_epoch": b.plan.steps_per_epoch(rows["training"]),
    }
    return Record(
        run=run,
        status="finished",
        plan=asdict(b.plan),
        diverges=b.experiment.diverges,
        environment={
            "device": get_engine(run.backend).device(),
            "flags": b.flags | how,
            "data_notes": list(b.data.notes),
        },
        structure=structure,
        digests=b.digests,
        wall_seconds={phase: round(value, 4) for phase, value in seconds.items()},
        peak_bytes=read_peak_bytes(),
        arrays=arrays,
        files=saved.files,
        workarounds=saved.workarounds,
    )


def prefixed(prefix: str, arrays: Arrays) -> Arrays:
    """Put a group's name before the names of its arrays."""
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def _as_scalars(values: dict[str, float]) -> Arrays:
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def perturb_inputs(split: Split, run: Run) -> Split:
    """Move floating inputs by one ULP in a perturbed run; change nothing in another."""

    def perturb(array: np.ndarray) -> np.ndarray:
        return draws.perturb(array, run.seed, -run.perturbation) if array.dtype.kind == "f" else array

    return replace(split, inputs=map_arrays(perturb, split.inputs)) if run.perturbation else split


def _widen(arrays: Arrays) -> Arrays:
    """Give integers as int64: an optimizer's counter is int64 on TensorFlow and int32 elsewhere."""
    return {name: value.astype("int64") if value.dtype.kind in "iu" else value for name, value in arrays.items()}


def _subtract(after: Arrays, before: Arrays) -> Arrays:
    """Return what each variable gained, in float64 so that the difference itself isn't rounded."""
    return {name: np.subtract(value, before[name], dtype=np.float64) for name, value in after.items()}
