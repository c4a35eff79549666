"""Time one backend's engine at several sizes of a dense network; the child that `growth.py` asks."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from benchmarks.processes import Tell, serve
from multibackend import Dataset, Experiment, Plan, Split, draws
from multibackend.engine.backends import get_engine
from multibackend.engine.loop import train
from multibackend.engine.model import build_model
from multibackend.train.describe import describe_environment

FEATURES, CLASSES = 64, 10

FULL_EPOCHS = 20
"""The length of training that the engine is told at all sizes: it may choose its way by it."""


@dataclass(frozen=True)
class Setting:
    """A training: `depth` hidden layers of `width` units, on random rows of 64 numbers."""

    rows: int = 6_400
    epochs: int = 2
    batch_size: int = 64
    width: int = 128
    depth: int = 2

    @property
    def steps(self) -> int:
        """The number of optimizer steps in an epoch."""
        return -(-self.rows // self.batch_size)

    def build(self) -> keras.Sequential:
        """Build the compiled model."""
        hidden = [keras.layers.Dense(self.width, "relu") for _ in range(self.depth)]
        model = keras.Sequential([keras.Input((FEATURES,)), *hidden, keras.layers.Dense(CLASSES, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def draw(self) -> Split:
        """Draw the rows to train on, float32."""
        random = np.random.default_rng(0)
        inputs = random.normal(size=(self.rows, FEATURES)).astype("float32")
        return Split(inputs, random.integers(0, CLASSES, self.rows))


SIZES = {
    "rows": (1_600, 3_200, 6_400, 12_800, 25_600),
    "epochs": (1, 2, 4, 8, 16),
    "batch_size": (16, 32, 64, 128, 256),
    "width": (64, 128, 256, 384, 512),
    "depth": (1, 2, 4, 8, 16),
}


def measure(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Measure what training costs at each size of each axis asked for."""
    engine = get_engine(request["backend"])
    engine.configure("float32", request["threads"])
    environment = describe_environment(request["threads"]) | {"device": engine.device()}
    entries = {}
    for axis in request["axes"]:
        tell(axis)
        load = {"load_average_at_start": os.getloadavg()[0]}
        points = [
            measure_setting(request["backend"], replace(Setting(), **{axis: size}), request["rounds"])
            for size in SIZES[axis]
        ]
        entries[axis] = {"environment": environment | load, "sizes": SIZES[axis], "points": points}
    return entries


def measure_setting(backend: str, setting: Setting, rounds: int) -> dict[str, Any]:
    """Return the seconds of the fastest of several rounds and of compiling, and the numbers of steps and parameters."""
    training = setting.draw()
    orders = [draws.batch_order(0, epoch, setting.rows) for epoch in range(setting.epochs)]
    with draws.initial_weights(0):
        model = build_model(setting.build, training.take(slice(0, setting.batch_size)))
    start = time.perf_counter()
    epoch = get_engine(backend).compile_epoch(model, training, setting.batch_size, FULL_EPOCHS)
    prepared = time.perf_counter() - start
    seconds = []
    for _ in range(1 + rounds):
        start = time.perf_counter()
        train(model, epoch, orders, None)
        seconds.append(time.perf_counter() - start)
    fastest = min(seconds[1:])
    return {
        "seconds": fastest,
        "compile_seconds": prepared + max(0.0, seconds[0] - fastest),
        "steps": setting.epochs * setting.steps,
        "parameters": int(model.count_params()),
        "how": epoch.how,
    }


# ---------------------------------------------------------------------------- whole experiments


MOST_EXPERIMENTS = 16


def make_experiment(number: int) -> Experiment:
    """Make an experiment that no other's compiled functions serve: it has `number` units more in each layer."""
    setting = Setting(width=Setting().width + number)
    plan = Plan(epochs=setting.epochs, batch_size=setting.batch_size)

    def load_data() -> Dataset:
        rows = setting.draw()
        return Dataset(rows, rows.take(slice(0, 1_000)))

    return Experiment(f"e{number}", setting.build, load_data, plan, plan)


globals().update({f"e{number}": make_experiment(number) for number in range(1, MOST_EXPERIMENTS + 1)})

if __name__ == "__main__":
    serve(measure)
