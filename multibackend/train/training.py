"""Training: an experiment built, trained and measured on one backend, and the record of it."""

from __future__ import annotations

import ctypes
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from multibackend import draws
from multibackend.engine import through_fit
from multibackend.engine.backends import get_engine, get_training_engine
from multibackend.engine.contract import Epoch, FirstStep, Forward
from multibackend.engine.loop import evaluate, predict, train
from multibackend.engine.model import build_model, why_through_fit
from multibackend.engine.state import all_variables, named, restore_state, save_state, to_numpy
from multibackend.engine.workarounds import optimizer_saved_by_public_name
from multibackend.errors import MultibackendError
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.experiment import Dataset, Experiment, Plan, Profile, Split
from multibackend.records.record import CONTINUED_STEPS, MODEL_FILE, PROBE_ROWS, Record, Run
from multibackend.train.describe import describe_structure, digest_array, digest_data
from multibackend.train.load import load_experiment

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Built:
    """An experiment's model with its drawn weights, its data, and the order of its rows in each epoch."""

    experiment: Experiment
    plan: Plan
    seed: int
    data: Dataset
    orders: list[np.ndarray]
    model: Any
    digests: dict[str, str]
    flags: dict[str, Any]
    seconds: dict[str, float]

    @property
    def first_batch(self) -> Split:
        """What the first step trains on."""
        return self.data.training.take(self.orders[0][: self.plan.batch_size])

    @property
    def probe(self) -> Split:
        """Rows on which outputs are recorded."""
        return self.data.test.take(slice(0, PROBE_ROWS))


@dataclass(frozen=True)
class Prepared:
    """A model ready to train, kept while the next run is of the same experiment and precision."""

    built: Built
    epoch: Epoch
    forward: Forward
    first_step: FirstStep
    initial_state: list[np.ndarray]


def build(run: Run, threads: int) -> Built:
    """Load the data, draw the order of the rows, and build the model with its drawn weights."""
    seconds: dict[str, float] = {}
    flags = get_engine(run.backend).configure(run.precision, threads)
    with _timed(seconds, "data"):
        experiment, plan, raw, digests = _load(run.experiment, run.profile)
        data = raw.astype(run.precision)
        orders = [draw_order(run.seed, epoch, data) for epoch in range(plan.epochs)]
        digests = digests | {"batch_order": digest_array(np.stack(orders))}
    model = _build(run.seed, experiment, plan, data, seconds)
    return Built(experiment, plan, run.seed, data, orders, model, digests, flags, seconds)


def prepare(run: Run, threads: int) -> Prepared:
    """Build an experiment, and compile what its training calls."""
    built, engine = build(run, threads), get_training_engine(run.backend)
    model, plan = built.model, built.plan
    state = save_state(model)
    with _timed(built.seconds, "prepare epoch"):
        if why_through_fit(model):
            epoch = through_fit.compile_epoch(engine, model, built.data.training, plan.batch_size)
        else:
            epoch = engine.compile_epoch(model, built.data.training, plan.batch_size, plan.epochs)
    trim_heap()
    return Prepared(built, epoch, engine.compile_forward(model), compile_first_step(run.backend, model), state)


def compile_first_step(backend: str, model: Any) -> FirstStep:
    """What trains a model's first step: the engine's, or Keras' own where the engine doesn't follow the model."""
    engine = get_training_engine(backend)
    return through_fit.compile_first_step(engine, model) if why_through_fit(model) else engine.compile_first_step(model)


def reseed(run: Run, p: Prepared) -> Prepared:
    """The same model and compiled epoch, with another seed's initial weights and order of the rows.

    What a model draws while it is built and keeps outside its variables stays the first seed's.

    Raises:
        MultibackendError: the model's variables aren't the same for every seed.
    """
    b, seconds = p.built, {"prepare epoch": 0.0}
    with _timed(seconds, "data"):
        orders = [draw_order(run.seed, epoch, b.data) for epoch in range(b.plan.epochs)]
    drawn = _build(run.seed, b.experiment, b.plan, b.data, seconds)
    ours, theirs = ([(v.path, tuple(v.shape)) for v in all_variables(model)] for model in (b.model, drawn))
    if ours != theirs:
        raise MultibackendError(
            f"experiment {run.experiment!r}: seed {run.seed} builds other variables than seed {b.seed}; "
            "expected the same for every seed. Let build_model draw nothing that shapes or names the model."
        )
    digests = b.digests | {"batch_order": digest_array(np.stack(orders))}
    again = replace(b, seed=run.seed, orders=orders, digests=digests, seconds=seconds)
    return replace(p, built=again, initial_state=save_state(drawn))


def draw_order(seed: int, epoch: int, data: Dataset) -> np.ndarray:
    """The order in which an epoch reads the training rows."""
    return draws.batch_order(seed, epoch, data.training.rows)


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


def save_model(model: Any) -> tuple[dict[str, bytes], str, tuple[str, ...]]:
    """The model's `.keras` file, optimizer included; or why Keras can't save it; and the workarounds that it took."""
    with tempfile.TemporaryDirectory() as folder, optimizer_saved_by_public_name(model) as workarounds:
        path = Path(folder) / MODEL_FILE
        try:
            model.save(path)
        except Exception as error:  # a model that can't be saved has been trained all the same
            return {}, f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}", ()
        return {MODEL_FILE: path.read_bytes()}, "", workarounds


def trim_heap() -> None:
    """Give the system what the C library holds back of freed memory: half a GB once a MobileNet is compiled."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):  # glibc's
            library.malloc_trim(0)


def forget_data() -> None:
    """Let the last experiment's data go."""
    _load.cache_clear()


def _build(seed: int, experiment: Experiment, plan: Plan, data: Dataset, seconds: dict[str, float]) -> Any:
    with _timed(seconds, "build"), draws.initial_weights(seed):
        return build_model(experiment.build_model, data.training.take(slice(0, plan.batch_size)))


@lru_cache(maxsize=1)  # float64 and float32 runs of an experiment follow each other
def _load(name: str, profile: Profile) -> tuple[Experiment, Plan, Dataset, dict[str, str]]:
    experiment = load_experiment(name)
    plan = experiment.plan_for(profile)
    data = plan.limit(experiment.load_data())
    return experiment, plan, data, digest_data(data)


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
    with _timed(seconds, "first step"):
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

    with _timed(seconds, "train"):
        trajectory = train(model, p.epoch, b.orders, data.validation, on_epoch)
    with _timed(seconds, "evaluate"):
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


# ---------------------------------------------------------------------------------------- helpers


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


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - start
