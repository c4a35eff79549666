"""One backend's process: trains a list of runs, writes a record of each, and tells the parent as it goes.

Started as `python -m multibackend.worker REQUEST.json`. The request is one JSON object; events go to
standard output, one JSON object a line; whatever the experiments print goes to standard error.
"""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from multibackend import draws
from multibackend.catalogue import load_experiment
from multibackend.describe import describe_environment, describe_structure, digest_array, digest_data
from multibackend.engine import get_engine, through_fit
from multibackend.engine.contract import (
    Epoch,
    FirstStep,
    Forward,
    all_variables,
    build_model,
    evaluate,
    named,
    predict,
    restore_state,
    save_state,
    to_numpy,
    train,
    why_through_fit,
)
from multibackend.errors import DataUnavailable, MultibackendError
from multibackend.experiment import Dataset, Experiment, Plan, Profile, Split, map_arrays
from multibackend.record import Record, Run, save_record
from multibackend.upstream import mended

PROBE_ROWS = 32
"""Rows of the test split on which initial outputs and final predictions are recorded."""

Emit = Callable[[dict[str, Any]], None]


@dataclass
class Prepared:
    """A model ready to train, kept while the next run is of the same experiment and precision."""

    experiment: Experiment
    plan: Plan
    seed: int
    data: Dataset
    orders: list[np.ndarray]
    model: Any
    epoch: Epoch
    forward: Forward
    first_step: FirstStep
    initial_state: list[np.ndarray]
    digests: dict[str, str]
    flags: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)


def main(request_file: str) -> None:
    """Run a request to its end."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what experiments print must not be taken for events

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    backend = request["backend"]
    check_backend(backend)
    engine = get_engine(backend)
    gc.freeze()  # each experiment starts with two full collections: 0.2 s each, if they visit all that was imported
    environment = describe_environment(request["threads"]) | {"workers": request["workers"]}
    emit({"event": "ready", "packages": environment["packages"], "device": engine.device()})
    prepared: dict[tuple[str, str], Prepared] = {}
    for fields, records in zip(request["runs"], request["records"], strict=True):
        run = Run(**fields)
        emit({"event": "start", "run": fields})
        record = train_run(run, request["mends"], request["threads"], prepared, emit)
        record = replace(record, fingerprint=request["fingerprint"], environment=environment | record.environment)
        try:
            save_record(record, Path(records))
        except MultibackendError as error:
            emit({"event": "fatal", "reason": str(error)})
            return
        emit({"event": "done", "run": fields, "status": record.status, "reason": record.reason})
    emit({"event": "end"})


def check_backend(backend: str) -> None:
    """Make sure that Keras runs, or will run, on `backend` in this process.

    Raises:
        MultibackendError: Keras was imported under another backend, or KERAS_BACKEND names another.
    """
    if "keras" in sys.modules:
        imported = sys.modules["keras"].backend.backend()
        if imported != backend:
            raise MultibackendError(
                f"Keras is already imported on {imported}; expected {backend}. "
                f"Start a fresh process with KERAS_BACKEND={backend}."
            )
    elif os.environ.setdefault("KERAS_BACKEND", backend) != backend:
        raise MultibackendError(
            f"KERAS_BACKEND is {os.environ['KERAS_BACKEND']!r}; expected {backend!r}. Unset it: unset KERAS_BACKEND."
        )


def train_run(run: Run, mends: bool, threads: int, prepared: dict[tuple[str, str], Prepared], emit: Emit) -> Record:
    """Train one run and return its record; what goes wrong is in the record, not raised."""
    try:
        with mended(run.backend, run.precision, mends) as applied, draws.identical_masks():
            key = (run.experiment, run.precision)
            if key not in prepared:
                if all(experiment != run.experiment for experiment, _ in prepared):
                    _load.cache_clear()  # the last experiment's data go before others come
                prepared.clear()  # one model at a time
                gc.collect()  # compiled functions and their models refer to each other
                prepared[key] = prepare(run, threads)
            elif prepared[key].seed != run.seed:
                prepared[key] = reseed(run, prepared[key])
            return replace(_train(run, prepared[key], emit), mends=applied)
    except DataUnavailable as error:
        return Record(run, "not-run", reason=str(error))
    except MultibackendError as error:
        return Record(run, "failed", reason=str(error))
    except Exception as error:
        prepared.clear()
        traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        return Record(run, "failed", reason=f"{type(error).__name__}: {lines[0]}")


def prepare(run: Run, threads: int) -> Prepared:
    """Load the data, build the model with its drawn weights, and compile its epoch."""
    seconds: dict[str, float] = {}
    engine = get_engine(run.backend)
    flags = engine.configure(run.precision, threads)
    with _timed(seconds, "data"):
        experiment, plan, raw, digests = _load(run.experiment, run.profile)
        data = raw.astype(run.precision)
        orders = _draw_orders(run.seed, plan, data)
    model = _build(run.seed, experiment, plan, data, seconds)
    state = save_state(model)
    with _timed(seconds, "prepare epoch"):
        if why_through_fit(model):
            epoch = through_fit.compile_epoch(model, data.training, plan.batch_size)
            first_step = through_fit.compile_first_step(engine, model)
        else:
            epoch = engine.compile_epoch(model, data.training, plan.batch_size, plan.epochs)
            first_step = engine.compile_first_step(model)
        forward = engine.compile_forward(model)
    digests = digests | {"batch_order": digest_array(np.stack(orders))}
    return Prepared(
        experiment, plan, run.seed, data, orders, model, epoch, forward, first_step, state, digests, flags, seconds
    )


def reseed(run: Run, p: Prepared) -> Prepared:
    """The same model and compiled epoch, with another seed's initial weights and order of the rows.

    What a model draws while it is built and keeps outside its variables stays the first seed's.

    Raises:
        MultibackendError: the model's variables aren't the same for every seed.
    """
    seconds = {"prepare epoch": 0.0}
    with _timed(seconds, "data"):
        orders = _draw_orders(run.seed, p.plan, p.data)
    drawn = _build(run.seed, p.experiment, p.plan, p.data, seconds)
    ours, theirs = ([(v.path, tuple(v.shape)) for v in all_variables(model)] for model in (p.model, drawn))
    if ours != theirs:
        raise MultibackendError(
            f"experiment {run.experiment!r}: seed {run.seed} builds other variables than seed {p.seed}; "
            "expected the same for every seed. Let build_model draw nothing that shapes or names the model."
        )
    digests = p.digests | {"batch_order": digest_array(np.stack(orders))}
    state = save_state(drawn)
    return replace(p, seed=run.seed, orders=orders, initial_state=state, digests=digests, seconds=seconds)


def _draw_orders(seed: int, plan: Plan, data: Dataset) -> list[np.ndarray]:
    return [draws.batch_order(seed, epoch, data.training.rows) for epoch in range(plan.epochs)]


def _build(seed: int, experiment: Experiment, plan: Plan, data: Dataset, seconds: dict[str, float]) -> Any:
    with _timed(seconds, "build"), draws.initial_weights(seed):
        return build_model(experiment.build_model, data.training.take(slice(0, plan.batch_size)))


@lru_cache(maxsize=1)  # float64 and float32 runs of an experiment follow each other
def _load(name: str, profile: Profile) -> tuple[Experiment, Plan, Dataset, dict[str, str]]:
    experiment = load_experiment(name)
    plan = experiment.plan_for(profile)
    data = plan.limit(experiment.load_data())
    return experiment, plan, data, digest_data(data)


def _train(run: Run, p: Prepared, emit: Emit) -> Record:
    engine = get_engine(run.backend)
    model, data, seconds = p.model, p.data, dict(p.seconds)
    restore_state(model, p.initial_state)
    if run.perturbation:
        for i, variable in enumerate(model.trainable_variables):
            variable.assign(draws.perturb(to_numpy(variable), run.seed, 1000 * run.perturbation + i))
    arrays = _prefixed("initial_weights", named(model.weights))
    state = save_state(model)

    first_batch = data.training.take(p.orders[0][: p.plan.batch_size])
    probe = data.test.take(slice(0, PROBE_ROWS))
    if run.perturbation:
        first_batch, probe = (_perturb_inputs(split, run) for split in (first_batch, probe))
    with _timed(seconds, "first step"):
        outputs = p.forward(probe.inputs)
        arrays |= _prefixed("initial_outputs", outputs)
        arrays |= _prefixed("initial", _scalars(evaluate(model, first_batch)))
        before = named(model.weights)
        loss, gradients = p.first_step(first_batch)
        arrays |= _prefixed("initial", _scalars({"training loss": loss})) | _prefixed("gradients", gradients)
        arrays |= _prefixed("updates", _subtract(named(model.weights), before))
        arrays |= _prefixed("slots", _widen(named(model.optimizer.variables)))
    restore_state(model, state)

    def on_epoch(number: int, loss: float) -> None:
        shown = loss if math.isfinite(loss) else None
        emit({"event": "epoch", "run": asdict(run), "epoch": number, "epochs": p.plan.epochs, "loss": shown})

    with _timed(seconds, "train"):
        trajectory = train(model, p.epoch, p.orders, data.validation, on_epoch)
    with _timed(seconds, "evaluate"):
        tested = evaluate(model, data.test)
        arrays |= _prefixed("predictions", predict(model, probe.inputs))
    arrays |= {"losses": trajectory.losses}
    arrays |= {f"history/{name}": np.asarray(values) for name, values in trajectory.history.items()}
    arrays |= _prefixed("test", _scalars(tested)) | _prefixed("final_weights", named(model.weights))
    arrays |= _prefixed("optimizer", named(model.optimizer.variables))
    rows = {"training": data.training.rows, "test": data.test.rows}
    rows["validation"] = data.validation.rows if data.validation else 0
    return Record(
        run=run,
        status="finished",
        plan=asdict(p.plan),
        diverges=p.experiment.diverges,
        environment={"device": engine.device(), "flags": p.flags | p.epoch.how},
        structure=describe_structure(model, outputs)
        | {"rows": rows, "steps_per_epoch": p.plan.steps_per_epoch(rows["training"])},
        digests=p.digests,
        wall_seconds={phase: round(value, 4) for phase, value in seconds.items()},
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        arrays=arrays,
    )


# ---------------------------------------------------------------------------------------- helpers


def _prefixed(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def _scalars(values: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def _perturb_inputs(split: Split, run: Run) -> Split:
    """The same rows with floating inputs moved by one ULP."""

    def perturb(array: np.ndarray) -> np.ndarray:
        return draws.perturb(array, run.seed, -run.perturbation) if array.dtype.kind == "f" else array

    return Split(map_arrays(perturb, split.inputs), split.targets, split.sample_weights)


def _widen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Integers as int64: an optimizer's counter is int64 on TensorFlow and int32 elsewhere."""
    return {name: value.astype("int64") if value.dtype.kind in "iu" else value for name, value in arrays.items()}


def _subtract(after: dict[str, np.ndarray], before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each variable gained, in float64 so that the difference itself isn't rounded."""
    return {name: np.subtract(value, before[name], dtype=np.float64) for name, value in after.items()}


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1])
