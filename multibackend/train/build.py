"""Building: an experiment's model with its drawn weights, its data, and what its training calls, compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from multibackend import draws
from multibackend.engine import through_fit
from multibackend.engine.backends import get_engine
from multibackend.engine.contract import Epoch, FirstStep, Forward
from multibackend.engine.model import build_model, why_through_fit
from multibackend.engine.state import all_variables, save_state
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Dataset, Experiment, Plan, Profile, Split
from multibackend.records.record import PROBE_ROWS, Run
from multibackend.train.describe import digest_array, digest_data
from multibackend.train.load import load_experiment
from multibackend.train.memory import trim_heap
from multibackend.train.timing import timed


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
        """The rows that the first step trains on."""
        return self.data.training.take(self.orders[0][: self.plan.batch_size])

    @property
    def probe(self) -> Split:
        """The rows on which outputs are recorded."""
        return self.data.test.take(slice(0, PROBE_ROWS))


@dataclass(frozen=True)
class Prepared:
    """A model ready to train; it is kept while the next run is of the same experiment and precision."""

    built: Built
    epoch: Epoch
    forward: Forward
    first_step: FirstStep
    initial_state: list[np.ndarray]


def build(run: Run, threads: int) -> Built:
    """Load the data, draw the order of the rows, and build the model with its drawn weights."""
    seconds: dict[str, float] = {}
    flags = get_engine(run.backend).configure(run.precision, threads)
    with timed(seconds, "data"):
        experiment, plan, raw, digests = _load(run.experiment, run.profile)
        data = raw.astype(run.precision)
        orders = [draw_order(run.seed, epoch, data) for epoch in range(plan.epochs)]
        digests = digests | {"batch_order": digest_array(np.stack(orders))}
    model = _build(run.seed, experiment, plan, data, seconds)
    return Built(experiment, plan, run.seed, data, orders, model, digests, flags, seconds)


def prepare(run: Run, threads: int) -> Prepared:
    """Build an experiment, and compile what its training calls."""
    built, engine = build(run, threads), get_engine(run.backend)
    model, plan = built.model, built.plan
    state = save_state(model)
    with timed(built.seconds, "prepare epoch"):
        if why_through_fit(model):
            epoch = through_fit.compile_epoch(model, built.data.training, plan.batch_size)
        else:
            epoch = engine.compile_epoch(model, built.data.training, plan.batch_size, plan.epochs)
    trim_heap()
    return Prepared(built, epoch, engine.compile_forward(model), compile_first_step(run.backend, model), state)


def compile_first_step(backend: str, model: Any) -> FirstStep:
    """Compile a model's first step: as the engine does, or as Keras does where the engine can't follow the model."""
    engine = get_engine(backend)
    return through_fit.compile_first_step(engine, model) if why_through_fit(model) else engine.compile_first_step(model)


def reseed(run: Run, p: Prepared) -> Prepared:
    """Give a compiled model another seed's initial weights and order of the rows.

    What a model draws while it is built and keeps outside its variables stays that of the first seed.

    Raises:
        MultibackendError: the model's variables aren't the same for every seed.
    """
    b, seconds = p.built, {"prepare epoch": 0.0}
    with timed(seconds, "data"):
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
    """Draw the order in which an epoch reads the training rows."""
    return draws.batch_order(seed, epoch, data.training.rows)


def forget_data() -> None:
    """Free the last experiment's data."""
    _load.cache_clear()


def _build(seed: int, experiment: Experiment, plan: Plan, data: Dataset, seconds: dict[str, float]) -> Any:
    with timed(seconds, "build"), draws.initial_weights(seed):
        return build_model(experiment.build_model, data.training.take(slice(0, plan.batch_size)))


@lru_cache(maxsize=1)  # float64 and float32 runs of an experiment follow each other
def _load(name: str, profile: Profile) -> tuple[Experiment, Plan, Dataset, dict[str, str]]:
    experiment = load_experiment(name)
    plan = experiment.plan_for(profile)
    data = plan.limit(experiment.load_data())
    return experiment, plan, data, digest_data(data)
