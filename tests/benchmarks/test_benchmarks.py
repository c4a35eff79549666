"""What is timed beside the engine is the same training, and the page says what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import WORKLOADS, __main__, engines, limit, report, workloads
from benchmarks.by_hand import WRITTEN, get_by_hand
from benchmarks.engines import CHECKED_STEPS, check_losses
from benchmarks.results import load_results, merge_entries
from benchmarks.workloads import Workload
from multibackend import BACKENDS, MultibackendError, Split, draws
from multibackend.engine.backends import get_engine
from multibackend.engine.loop import train
from multibackend.engine.model import build_model
from multibackend.launch.probing import Interpreter

NETWORKS = ("B9", "C7", "D3", "E4-standardised", "gru", "transformer")
"""Of each kind of network, loss and optimizer one."""


@pytest.fixture
def backend() -> str:
    """The backend of this environment, in float32, as it is timed."""
    name = str(keras.backend.backend())
    get_engine(name).configure("float32", threads=1)
    return name


# ---------------------------------------------------------------------------------- the same training


def build(workload: Workload) -> tuple[keras.Model, Split]:
    """A workload's model, and random rows of the kind that it trains on: ten steps and a smaller one."""
    plain = workload.experiment.build_model()
    random = np.random.default_rng(0)
    rows = CHECKED_STEPS * workload.batch_size + 5
    shape, units = (rows, *plain.input_shape[1:]), plain.output_shape[-1]
    tokens = plain.inputs[0].dtype == "int32"
    inputs = random.integers(0, 100, shape, "int32") if tokens else random.normal(size=shape).astype("float32")
    classes = random.integers(0, max(units, 2), rows)
    targets = {
        "sparse": classes,
        "categorical": np.eye(max(units, 2), dtype="float32")[classes],
        "binary": classes[:, np.newaxis],
    }
    split = Split(inputs, targets[workload.recipe.loss])
    with draws.initial_weights(0):
        return build_model(workload.experiment.build_model, split.take(slice(0, workload.batch_size))), split


@pytest.mark.parametrize("name", NETWORKS)
def test_by_hand_equals_the_engine_and_altered_data_do_not(name: str, backend: str) -> None:
    workload = workloads.WORKLOADS[name]
    model, split = build(workload)
    weights, order = model.get_weights(), draws.batch_order(0, 0, split.rows)
    epoch = get_engine(backend).compile_epoch(model, split, workload.batch_size, 1)
    trained = train(model, epoch, [order], None)
    expected = trained.losses
    compile_epoch = get_by_hand(backend).compile_epoch

    losses, accuracy = compile_epoch(workload.recipe, weights, split, workload.batch_size)(order)
    assert losses.shape == expected.shape
    assert check_losses(name, expected, losses) < 1e-4  # rounding, and where torch's Adam adds epsilon
    assert accuracy == pytest.approx(trained.history["accuracy"][0], abs=2 / split.rows)  # a tie may fall otherwise

    altered = Split(split.inputs, np.roll(split.targets, 1, axis=0))  # each row with the target of another
    whole = order[: CHECKED_STEPS * workload.batch_size]
    losses, _ = compile_epoch(workload.recipe, weights, altered, workload.batch_size)(whole)
    with pytest.raises(MultibackendError, match="not the same training, so not timed"):
        check_losses(name, expected, losses)


@pytest.mark.parametrize("altered", [[1.0, 2.0], [1.0, 2.0, 3.01], [1.0, np.nan, 3.0]])
def test_the_check_refuses_missing_different_and_undefined_losses(altered: list[float]) -> None:
    losses = np.array([1.0, 2.0, 3.0])
    assert check_losses("any", losses, losses) == 0
    with pytest.raises(MultibackendError, match="workload any"):
        check_losses("any", losses, np.array(altered))


# ------------------------------------------------------------------------------------- measurements


SECONDS = {"engine": 1.0, "fit": 4.0, "hand": 2.0, "limit": 0.5}


def test_a_workload_is_measured_in_every_way(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock says how long each way takes; how often, in which order and over what it is asked is ours."""
    timed: list[str] = []

    def time_block(name: str, way: str, block: engines.Block) -> tuple[float, Any]:
        assert name == backend
        timed.append(way)
        return SECONDS[way] * (1 if len(timed) <= len(engines.WAYS) else 2), block()

    monkeypatch.setattr(engines, "time_block", time_block)
    small = replace(workloads.WORKLOADS["E4-standardised"], rows=70, epochs=2)
    entry = json.loads(json.dumps(engines.measure_workload(small, backend, rounds=3)))
    assert entry["rows"] == 70
    assert entry["epochs_compiled_for"] == 16_667  # of three steps
    rounds = ("engine fit hand limit", "fit hand limit engine", "hand limit engine fit")
    assert timed == [*engines.WAYS, *" ".join(rounds).split()]
    assert entry["first_block_seconds"] == SECONDS
    assert entry["epoch_seconds"] == {way: [seconds] * 3 for way, seconds in SECONDS.items()}  # two epochs a block
    assert entry["median_epoch_seconds"] == SECONDS
    assert entry["ratios"] == {
        f"{a} / {b}": dict.fromkeys(("median", "min", "max"), SECONDS[a] / SECONDS[b]) for a, b in engines.RATIOS
    }


def test_a_block_is_timed_from_its_start_to_its_end(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(engines, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def block() -> np.ndarray:
        now[0] += 2.5
        return np.array([0.5])

    assert [engines.time_block(backend, way, block) for way in engines.WAYS] == [(2.5, 0.5)] * len(engines.WAYS)


def test_another_training_is_not_timed(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(workloads.WORKLOADS["E4-standardised"], rows=70, epochs=1)
    faster = replace(small, recipe=replace(small.recipe, learning_rate=0.01))
    monkeypatch.setitem(workloads.WORKLOADS, "E4-standardised", faster)
    request: dict[str, Any] = {"backend": backend, "threads": 1, "rounds": 1, "workloads": ["E4-standardised"]}
    told: list[str] = []
    entry = engines.measure(request, told.append)["E4-standardised"]
    assert told == ["E4-standardised"]
    assert "not the same training" in entry["failed"]
    assert "epoch_seconds" not in entry


def test_small_workloads_are_measured_with_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, list[str]]] = []

    def ask(_module: str, _interpreter: Any, _device: str, threads: int, request: dict[str, Any]) -> dict[str, Any]:
        asked.append((threads, request["workloads"]))
        return {name: make_entry(1.0) for name in request["workloads"]}

    monkeypatch.setattr(__main__, "ask", ask)
    monkeypatch.setattr(__main__, "require", lambda pythons: [Interpreter(name, "", {}, {}) for name in pythons])
    for cores, options in ((4, []), (1, []), (4, ["--threads", "2"])):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        command = ["engines", "--backend", "jax", "--output", str(tmp_path), *options]
        assert CliRunner().invoke(__main__.main, command, catch_exceptions=False).exit_code == 0
    small, large = ["C7", "E4-standardised", "deep"], ["B9", "B12", "D3", "gru", "transformer"]
    assert asked == [(4, large), (1, small), (1, list(WORKLOADS)), (2, list(WORKLOADS))]
    assert len(load_results(tmp_path)["engines"]["jax"]["entries"]) == len(WORKLOADS)


def test_names_of_workloads_are_those_of_the_workloads() -> None:
    assert tuple(workloads.WORKLOADS) == WORKLOADS


# -------------------------------------------------------------------------------------------- limit


FLOPS = {
    "B9": 2 * 64 * (2 * 784 * 256 + 3 * 256 * 256 + 3 * 256 * 128 + 3 * 128 * 10),
    "C7": 2 * 32 * (3 * 784 * 10),
    "D3": 2 * 64 * (2 * 784 * 9 * 8 + 3 * 196 * 72 * 16 + 3 * 784 * 10),
    "E4-standardised": 2 * 32 * (2 * 30 * 10 + 3 * 10 * 5 + 3 * 5 * 1),
    "gru": 2 * 64 * (2 * 28 * 28 * 192 + (28 + 28 + 27) * 64 * 192 + 3 * 64 * 10),
    "transformer": 2 * 32 * (32 * (3 * (64 * 192 + 64 * 64 + 2 * 64 * 128) + 4 * 6 * 32 * 16) + 3 * 64 * 10),
}
"""Of a step: each layer forward, its kernel's gradient, and, but for the first, its input's gradient."""


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_its_products(name: str) -> None:
    workload = workloads.WORKLOADS[name]
    model, split = build(workload)
    shape = (workload.batch_size, *np.asarray(split.inputs).shape[1:])
    products = limit.list_products(workload.recipe, model.get_weights(), shape)
    assert sum(product.flops for product in products) == FLOPS[name]


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_loop_computes_its_product(backend: str, batch: tuple[int, ...], times: int) -> None:
    random = np.random.default_rng(0)
    a, b = (random.normal(size=(*batch, *shape)).astype("float32") for shape in ((4, 5), (5, 6)))
    computed = np.asarray(get_by_hand(backend).compile_product(a, b)(times))
    np.testing.assert_allclose(computed.ravel()[0], (a @ b).ravel()[0], rtol=1e-5)


def test_a_step_computes_each_product_as_often_as_it_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[tuple[int, ...], int]] = []

    def compile_product(a: np.ndarray, _: np.ndarray) -> Any:
        return lambda times: computed.append((a.shape, times))

    monkeypatch.setattr(limit, "get_by_hand", lambda _: SimpleNamespace(compile_product=compile_product))
    limit.compile_loop("any", [limit.Product(4, 5, 6), limit.Product(2, 3, 4, batch=7, count=10)])(3)
    assert computed == [((4, 5), 3), ((7, 2, 3), 30)]


def test_what_is_not_written_by_hand_is_refused() -> None:
    with pytest.raises(MultibackendError, match="backend 'mxnet': nothing is written by hand; expected"):
        get_by_hand("mxnet")
    assert set(WRITTEN) <= set(BACKENDS)


# --------------------------------------------------------------------------------------------- page


def make_entry(seconds: float) -> dict[str, Any]:
    """An entry as `measure` leaves it, of an engine that takes so long."""
    medians = {"engine": seconds, "fit": 4.0, "hand": 2.0, "limit": 0.5}
    ratios = {f"{a} / {b}": dict.fromkeys(("median", "min", "max"), medians[a] / medians[b]) for a, b in engines.RATIOS}
    environment = {
        "processor": "P",
        "cores": 2,
        "threads": 2,
        "device": "cpu",
        "python": "3.11",
        "packages": {"k": "1"},
    }
    return {
        "environment": environment | {"load_average_at_start": 0.5},
        **{"rows": 100, "batch_size": 10, "epochs_a_block": 1, "how": {"xla": True}, "compile_seconds": 1.0},
        **{"epoch_seconds": {way: [s] for way, s in medians.items()}, "median_epoch_seconds": medians},
        **{"first_block_seconds": medians, "ratios": ratios},
    }


def test_the_page_says_what_was_measured(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    merge_entries(folder, "engines", "jax", {"B9": make_entry(9.0), "gru": make_entry(1.5)})
    merge_entries(folder, "engines", "jax", {"B9": make_entry(3.0)})  # measured again: alone replaced
    merge_entries(folder, "engines", "torch", {"B9": make_entry(1.0), "B12": make_entry(1.0)})
    not_run = {"environment": make_entry(1.0)["environment"], "not_run": "no network"}
    merge_entries(folder, "engines", "torch", {"B12": not_run})
    page, figure = report.write_report(load_results(folder), folder)
    text = page.read_text(encoding="utf-8")
    assert "| B9 | jax | 1.50 (1.50 to 1.50) | 1.33 (1.33 to 1.33) | 6.00 (6.00 to 6.00) |" in text
    assert "| gru | jax | 0.75 " in text
    assert "B9: the fastest engine, torch's, takes 1.000 s an epoch, its products alone 0.500 s: 2.00 (" in text
    assert "- B12 on torch: no network" in text
    assert "## Whole commands" in text
    assert figure.read_text(encoding="utf-8").count("<svg") == 1
