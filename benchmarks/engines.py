"""Measure one backend's engine, `fit`, the loop by hand and its matrix products alone, alternating in one process.

Started as `python -m benchmarks.engines` by `processes.py`.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from benchmarks.by_hand import get_by_hand
from benchmarks.limit import compile_loop, list_products
from benchmarks.processes import Tell, serve
from benchmarks.workloads import WORKLOADS, Workload
from multibackend import DataUnavailable, MultibackendError, Split, draws
from multibackend.engine.backends import get_engine
from multibackend.engine.loop import train
from multibackend.engine.model import build_model
from multibackend.train.describe import describe_environment

WAYS = ("engine", "fit", "hand", "limit")

RATIOS = (("engine", "hand"), ("fit", "engine"), ("engine", "limit"))

CHECKED_STEPS = 10

LARGEST_DIFFERENCE = 1e-3
"""The largest relative difference of a step's loss between engine and hand. float32 leaves 1e-6 after ten steps.
torch's own Adam adds epsilon elsewhere than Keras' and leaves 1e-4. Another batch, rate or missing term leaves more
than 1e-3."""

Block = Callable[[], np.ndarray | None]
"""Trains a block of epochs; returns the losses of its steps (of its epochs: `fit`), or None where nothing trains."""


def measure(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Measure the workloads of a request; an entry holds seconds, or why there are none."""
    backend = request["backend"]
    engine = get_engine(backend)
    engine.configure("float32", request["threads"])
    environment = describe_environment(request["threads"]) | {"device": engine.device()}
    entries = {}
    for name in request["workloads"]:
        tell(name)
        load = {"load_average_at_start": os.getloadavg()[0]}
        try:
            entry = measure_workload(WORKLOADS[name], backend, request["rounds"])
        except DataUnavailable as error:
            entry = {"not_run": str(error)}
        except MultibackendError as error:
            entry = {"failed": str(error)}
        except Exception as error:  # the other workloads are still worth measuring
            traceback.print_exc()
            entry = {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"}
        entries[name] = {"environment": environment | load, **entry}
    return entries


def measure_workload(workload: Workload, backend: str, rounds: int) -> dict[str, Any]:
    """Time a workload's ways of training, and its products alone.

    Raises:
        DataUnavailable: the data can't be had here.
        MultibackendError: the ways don't train alike.
    """
    training, epochs = workload.load()
    order = draws.batch_order(0, 0, training.rows)
    blocks, compiled = prepare(workload, backend, training, epochs, order)
    first, losses = {}, {}
    for way in WAYS:
        first[way], losses[way] = time_block(backend, way, blocks[way])
    difference = check_losses(workload.name, losses["engine"], losses["hand"])
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        turn = number % len(WAYS)
        for way in WAYS[turn:] + WAYS[:turn]:
            seconds[way].append(time_block(backend, way, blocks[way])[0] / workload.epochs)
    return {
        "rows": training.rows,
        "batch_size": workload.batch_size,
        "epochs_a_block": workload.epochs,
        "epochs_compiled_for": epochs,
        "how": compiled["how"],
        "largest_difference_of_losses": difference,
        "compile_seconds": compiled["seconds"],
        "first_block_seconds": first,
        "epoch_seconds": seconds,
        "median_epoch_seconds": {way: statistics.median(values) for way, values in seconds.items()},
        "ratios": {f"{a} / {b}": _ratios(seconds[a], seconds[b]) for a, b in RATIOS},
    }


def prepare(
    workload: Workload, backend: str, training: Split, epochs: int, order: np.ndarray
) -> tuple[dict[str, Block], dict[str, Any]]:
    """Prepare all ways from the same weights on the same batches; return also how the engine was compiled."""
    build = workload.experiment.build_model
    size = workload.batch_size
    with draws.initial_weights(0):
        fitted = build()
    with draws.initial_weights(0):
        model = build_model(build, training.take(slice(0, size)))
    start = time.perf_counter()
    epoch = get_engine(backend).compile_epoch(model, training, size, epochs)
    compiled = {"seconds": time.perf_counter() - start, "how": epoch.how}
    weights = model.get_weights()
    by_hand = get_by_hand(backend)
    with by_hand.usual_settings():
        train_by_hand = by_hand.compile_epoch(workload.recipe, weights, training, size)
    shape = (size, *np.asarray(training.inputs).shape[1:])
    multiply = compile_loop(backend, list_products(workload.recipe, weights, shape))
    orders = [order] * workload.epochs
    steps = workload.epochs * -(-training.rows // size)
    ordered = training.take(order)
    blocks: dict[str, Block] = {
        "engine": lambda: train(model, epoch, orders, None).losses,
        "fit": lambda: fit(fitted, ordered, size, workload.epochs),
        "hand": lambda: np.concatenate([train_by_hand(order)[0] for order in orders]),
        "limit": lambda: multiply(steps),
    }
    return blocks, compiled


def fit(model: keras.Model, training: Split, batch_size: int, epochs: int) -> np.ndarray:
    """Train as Keras' users do; return the epochs' losses."""
    history = model.fit(
        training.inputs, training.targets, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0
    )
    return np.asarray(history.history["loss"])


def check_losses(name: str, engine: np.ndarray, hand: np.ndarray) -> float:
    """Return the largest relative difference between the losses of the first steps of two ways.

    Raises:
        MultibackendError: it is too large for the two to be the same training, or a loss isn't finite.
    """
    a, b = engine[:CHECKED_STEPS].astype("float64"), hand[:CHECKED_STEPS].astype("float64")
    if a.shape != b.shape:
        raise MultibackendError(f"workload {name}: the engine took {len(a)} steps, the loop by hand {len(b)}.")
    difference = np.abs(a - b) / np.abs(a)
    if not (difference < LARGEST_DIFFERENCE).all():  # false for NaN, too
        step = int(np.argmin(difference < LARGEST_DIFFERENCE))
        raise MultibackendError(
            f"workload {name}: at step {step + 1} the loss by hand is {b[step]:.7g}, the engine's {a[step]:.7g}; "
            f"expected at most {LARGEST_DIFFERENCE:g} between them, relative: not the same training, so not timed."
        )
    return float(difference.max())


def time_block(backend: str, way: str, block: Block) -> tuple[float, Any]:
    """Return a block's wall seconds and its losses; only the engine's operations are deterministic."""
    gc.collect()
    with nullcontext() if way == "engine" else get_by_hand(backend).usual_settings():
        start = time.perf_counter()
        losses = block()
        return time.perf_counter() - start, losses


def _ratios(numerators: list[float], denominators: list[float]) -> dict[str, float]:
    ratios = [a / b for a, b in zip(numerators, denominators, strict=True)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


if __name__ == "__main__":
    serve(measure)
