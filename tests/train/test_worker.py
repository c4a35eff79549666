"""The worker, through its own front door: a request in, events and records out."""

from __future__ import annotations

import os
import sys
from typing import Any

import keras
import numpy as np
import pytest

from multibackend import MultibackendError
from multibackend.launch.child import Child, stop
from multibackend.records.record import Record, load_record
from multibackend.train import worker

pytestmark = pytest.mark.xdist_group("worker")  # whose fixture trains

EXPERIMENTS = """
import os, random, sys, weakref
import keras, numpy as np, pandas as pd
from multibackend import DataUnavailable, Dataset, Experiment, Plan, Split

loaded = sys.__dict__.setdefault("loaded", [])  # this file is imported anew for each experiment

def load():
    assert all(reference() is None for reference in loaded), "the data of an earlier experiment are still there"
    x = np.random.default_rng(0).normal(size=(50, 4))
    loaded.append(weakref.ref(x))
    training, validation, test = (Split(x[rows], x[rows, :1]) for rows in (slice(40), slice(30, 50), slice(40, 50)))
    return Dataset(training, test, validation)

def build():
    print("a model says something")
    hidden = [keras.layers.Dense(3, "relu"), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model

def exotic():
    x = np.random.default_rng(0).normal(size=(20, 4))
    table, masked = pd.DataFrame(x.astype("float32")), np.ma.masked_array(x[:, :1], mask=False)
    return Dataset(Split(x.astype("longdouble"), masked), Split(table, x[:, :1].tolist()))

def hidden():
    x = np.random.default_rng(0).normal(size=(20, 4))
    rows = Split(np.ma.masked_array(x, mask=x > 1), x[:, :1])
    return Dataset(rows, rows)

def unavailable():
    raise DataUnavailable("data moon.npz: not here; expected on the moon.")

def uncompiled():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

def wrong_shape():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

def raises():
    raise RuntimeError("first line\\nsecond line")

def growing():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(random.randrange(1, 10**3)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

plan = Plan(epochs=3, batch_size=16)
good = Experiment("good", build, load, plan, plan)
another = Experiment("another", build, load, plan, plan)
exotic = Experiment("exotic", build, exotic, plan, plan)
hidden = Experiment("hidden", build, hidden, plan, plan)
nodata = Experiment("nodata", build, unavailable, plan, plan)
loose = Experiment("loose", uncompiled, load, plan, plan)
misfit = Experiment("misfit", wrong_shape, load, plan, plan)
broken = Experiment("broken", raises, load, plan, plan)
growing = Experiment("growing", growing, load, plan, plan)
nothing = 3
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], dict[str, Record], str]:
    """Events, records and standard error of one worker that was asked for everything."""
    folder = tmp_path_factory.mktemp("worker")
    (folder / "mine.py").write_text(EXPERIMENTS, encoding="utf-8")
    backend = keras.backend.backend()
    wanted = [
        ("good", "float64", 0),
        ("good", "float32", 0),
        ("good", "float32", 1),
        ("good", "float32", 0, 6),
        ("another", "float32", 0, 6),
        ("another", "float32", 0),
        *((name, "float32", 0) for name in ("exotic", "hidden", "nodata", "loose", "misfit", "broken", "nothing")),
        ("growing", "float32", 0),
        ("growing", "float32", 0, 6),
    ]
    runs = [
        {
            "experiment": f"{folder / 'mine.py'}:{name}",
            "backend": backend,
            "precision": precision,
            "profile": "quick",
            "seed": seed[0] if seed else 5,
            "perturbation": perturbation,
        }
        for name, precision, perturbation, *seed in wanted
    ]
    request = {
        "backend": backend,
        "threads": 1,
        "workers": 2,
        "workarounds": True,
        "records": [str(folder / f"seed-{run['seed']}" / "records") for run in runs],
        "fingerprint": "f" * 64,
        "runs": runs,
    }
    child = Child(
        [sys.executable, "-m", "multibackend.train.worker"],
        {**os.environ, "KERAS_BACKEND": backend, "PYTHONUNBUFFERED": "1"},
        folder / "worker.log",
        request,
    )
    events = hear_until_the_end(child)
    again = [runs[1]]  # once more, asked for when all else is done
    child.ask({**request, "runs": again, "records": [str(folder / "again" / "records")]})
    events += hear_until_the_end(child)
    stop([child])
    records = {}
    for path in sorted(folder.rglob("record.json")):
        record = load_record(path.parent)
        suffix = "+" * record.run.perturbation + (f" seed {record.run.seed}" if record.run.seed != 5 else "")
        suffix += " again" * path.is_relative_to(folder / "again")
        records[f"{record.run.experiment.rpartition(':')[2]} {record.run.precision}{suffix}"] = record
    return events, records, (folder / "worker.log").read_text()


def hear_until_the_end(child: Child) -> list[dict[str, Any]]:
    """Everything that a worker tells of a request."""
    events: list[dict[str, Any]] = []
    while events[-1:] != [{"event": "end"}]:
        event = child.wait_for_event(300)
        assert event is not None, child.log.read_text()
        events.append(event)
    return events


def test_another_request_is_done_by_the_same_process_with_the_same_numbers(trained: Any) -> None:
    events, records, _ = trained
    kinds = [event["event"] for event in events]
    assert kinds[-8:] == ["end", "ready", "start", "epoch", "epoch", "epoch", "done", "end"]
    first, again = records["good float32"], records["good float32 again"]
    assert first.arrays.keys() == again.arrays.keys()
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array, err_msg=name)


def test_events_tell_the_story(trained: Any) -> None:
    events, _, log = trained
    kinds = [event["event"] for event in events]
    assert kinds[0] == "ready"
    assert kinds[-1] == "end"
    assert kinds[1:6] == ["start", "epoch", "epoch", "epoch", "done"]
    assert events[0]["packages"]["keras"] == keras.__version__
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [(event["epoch"], event["epochs"]) for event in epochs[:3]] == [(1, 3), (2, 3), (3, 3)]
    assert "a model says something" in log


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("hidden", "failed", "inputs has "),
        ("nodata", "not-run", "moon.npz"),
        ("loose", "failed", "is not compiled"),
        ("misfit", "failed", "fail on a batch of the data"),
        ("broken", "failed", "RuntimeError: first line"),
        ("nothing", "failed", "'nothing' is int; expected an Experiment"),
    ],
)
def test_what_goes_wrong_is_in_the_record_in_one_line(trained: Any, name: str, status: str, words: str) -> None:
    events, records, _ = trained
    record = records[f"{name} float32"]
    assert record.status == status
    assert words in record.reason
    assert "\n" not in record.reason
    ended = [e for e in events if e["event"] == "done" and e["run"]["experiment"].endswith(f":{name}")]
    assert [(e["status"], e["reason"]) for e in ended] == [(status, record.reason)]


def test_what_was_done_to_the_data_is_said_and_recorded(trained: Any) -> None:
    events, records, _ = trained
    (said,) = [e["notes"] for e in events if e["event"] == "done" and e["run"]["experiment"].endswith(":exotic")]
    assert said == records["exotic float32"].environment["data_notes"]
    assert [note.partition(", taken as ")[0] for note in said] == [
        f"inputs: {np.dtype('longdouble')}",
        "targets: a numpy MaskedArray",
        "inputs: a pandas DataFrame",
        "targets: a list",
    ]


def test_one_experiments_data_go_before_the_nexts_come(trained: Any) -> None:
    assert (trained[1]["another float32"].status, trained[1]["another float32"].reason) == ("finished", "")


def test_a_record_holds_the_whole_training(trained: Any) -> None:
    record = trained[1]["good float64"]
    assert record.status == "finished"
    assert record.fingerprint == "f" * 64
    assert record.plan == {"epochs": 3, "batch_size": 16, "training_rows": 0, "evaluation_rows": 0}
    assert record.structure["parameters"] == {"total": 19, "trainable": 19, "non_trainable": 0}
    assert record.structure["rows"] == {"training": 40, "test": 10, "validation": 20}
    assert record.structure["steps_per_epoch"] == 3
    assert [layer["class"] for layer in record.structure["layers"]] == ["InputLayer", "Dense", "Dropout", "Dense"]
    assert record.structure["layers"][1]["output_shape"] == [3]
    assert record.structure["layers"][1]["config"]["activation"] == "relu"
    assert set(record.digests) == {
        "batch_order",
        *(f"{split}.{part}" for split in ("training", "validation", "test") for part in ("inputs", "targets")),
    }
    assert set(record.wall_seconds) == {"data", "build", "prepare epoch", "first step", "train", "evaluate"}
    assert record.peak_bytes > 50_000_000
    assert (record.environment["threads"], record.environment["workers"]) == (1, 2)
    assert {"packages", "python", "processor", "threads", "device", "flags", "commit", "dirty"} <= set(
        record.environment
    )
    arrays = record.arrays
    assert arrays["losses"].shape == (9,)
    assert arrays["losses"].dtype == np.float64
    assert set(record.group("history")) == {"loss", "mae", "val_loss", "val_mae"}
    assert arrays["history/loss"].shape == (3,)
    assert set(record.group("test")) == {"loss", "mae"}
    assert arrays["test/loss"].shape == ()
    weights = record.group("initial_weights")
    assert [w.shape for w in weights.values()] == [(3,), (4, 3), (1,), (3, 1)]
    assert weights.keys() == record.group("final_weights").keys() == record.group("gradients").keys()
    assert all(not np.array_equal(v, arrays[f"final_weights/{k}"]) for k, v in weights.items())
    assert int(arrays["optimizer/adam/iteration"]) == 9
    assert arrays["predictions/0"].shape == (10, 1)


def test_training_starts_where_the_probes_found_the_model(trained: Any) -> None:
    """The gradients of the first batch drew a dropout mask; the first step draws the same again."""
    arrays = trained[1]["good float64"].arrays
    assert arrays["losses"][0] == pytest.approx(float(arrays["initial/training loss"]), rel=1e-14)
    assert arrays["losses"][0] != pytest.approx(float(arrays["initial/loss"]), rel=1e-3)


def test_float32_starts_from_the_same_draws_and_the_perturbed_a_bit_beside(trained: Any) -> None:
    _, records, _ = trained
    for path, exact in records["good float64"].group("initial_weights").items():
        base = records["good float32"].arrays[f"initial_weights/{path}"]
        moved = records["good float32+"].arrays[f"initial_weights/{path}"]
        np.testing.assert_array_equal(base, exact.astype(np.float32))
        assert (np.abs(base.view(np.int32) - moved.view(np.int32)) <= 1).all()
    kernel = "initial_weights/sequential/dense/kernel"
    assert (records["good float32"].arrays[kernel] != records["good float32+"].arrays[kernel]).all()
    difference = np.abs(records["good float32"].arrays["losses"] - records["good float32+"].arrays["losses"])
    assert 0 < difference.max() < 1e-5


def test_a_second_seed_trains_as_it_would_alone(trained: Any) -> None:
    """`good` and `another` are one model; seed 6 follows others in one of them, and comes first in the other."""
    _, records, _ = trained
    after, alone, other = (
        records[f"{name}"] for name in ("good float32 seed 6", "another float32 seed 6", "good float32")
    )
    assert after.status == alone.status == "finished"
    assert after.arrays.keys() == alone.arrays.keys()
    for key, value in after.arrays.items():
        np.testing.assert_array_equal(value, alone.arrays[key], err_msg=key)
    assert after.digests == alone.digests
    assert after.digests["batch_order"] != other.digests["batch_order"]
    kernel = "initial_weights/sequential/dense/kernel"
    assert not np.array_equal(after.arrays[kernel], other.arrays[kernel])
    first_again = records["another float32"]
    np.testing.assert_array_equal(first_again.arrays["losses"], other.arrays["losses"])


def test_a_model_that_grows_with_the_seed_is_refused(trained: Any) -> None:
    record = trained[1]["growing float32 seed 6"]
    assert record.status == "failed"
    assert "seed 6 builds other variables than seed 5" in record.reason


def test_keras_on_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = keras.backend.backend()
    other = "jax" if here != "jax" else "torch"
    with pytest.raises(MultibackendError, match=f"already imported on {here}; expected {other}"):
        worker.check_backend(other)
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", here)
    with pytest.raises(MultibackendError, match=f"KERAS_BACKEND is '{here}'; expected '{other}'"):
        worker.check_backend(other)
