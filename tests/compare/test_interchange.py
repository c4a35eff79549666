"""Interchange: a model that another backend saved does the same, in predictions and in further training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes.synthetic import PRECISIONS

from multibackend.compare import Comparison, Finding, compare_records
from multibackend.records.record import Record

NAME = "E4-standardised"


def change(records: list[Record], task: str, backend: str, precision: str, **changes: Any) -> list[Record]:
    """Change fields of one backend's records of one task, each by a function of its value."""

    def alter(record: Record) -> Record:
        fields = {key: value(getattr(record, key)) for key, value in changes.items()}
        return replace(record, **fields)

    wanted = (task, backend, precision, 0)
    return [
        alter(r) if (r.run.task, r.run.backend, r.run.precision, r.run.perturbation) == wanted else r for r in records
    ]


def find(comparison: Comparison, precision: str) -> dict[tuple[str, str], Finding]:
    return {f.pair: f for f in comparison.select(NAME, precision, "interchange")}


def times(key: str, factor: float, start: int = 0) -> Any:
    def multiply(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        array = arrays[key].copy()
        array[start:] *= factor
        return {**arrays, key: array}

    return multiply


def without(key: str) -> Any:
    return lambda arrays: {name: array for name, array in arrays.items() if name != key}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (times("predictions/jax.0", 1.001), "torch loads what jax saved: prediction 0"),
        (without("predictions/jax.0"), "torch after loading has none"),
        (times("predictions/jax.0", np.nan), "not finite"),
        (lambda a: {**a, "predictions/jax.0": a["predictions/jax.0"][:, :1]}, "shape"),
    ],
)
def test_other_predictions_of_a_loaded_model_fail(records, precision, arrays, words):
    found = find(compare_records(change(records, "interchange", "torch", precision, arrays=arrays), None), precision)
    assert {pair: f.status for pair, f in found.items()} == {
        ("jax", "tensorflow"): "pass",
        ("jax", "torch"): "fail",
        ("tensorflow", "torch"): "pass",
    }
    assert words in found["jax", "torch"].detail
    assert found["jax", "torch"].where == "saved on jax"


def test_other_losses_of_training_that_goes_on_fail_at_their_step(records):
    """Losing the optimizer's slots leaves the first step's loss as it is, but not the next ones'."""
    lost = change(records, "interchange", "tensorflow", "float64", arrays=times("continued/jax", 1.001, start=1))
    found = find(compare_records(lost, None), "float64")["jax", "tensorflow"]
    assert (found.status, found.step, found.where) == ("fail", 2, "saved on jax")
    gone = change(records, "interchange", "tensorflow", "float64", arrays=without("continued/jax"))
    assert find(compare_records(gone, None), "float64")["jax", "tensorflow"].status == "fail"


def test_what_is_saved_on_no_backend_is_noted_and_no_fault(records):
    for loader in ("jax", "tensorflow", "torch"):
        for saver in {"jax", "tensorflow", "torch"} - {loader}:
            lost = times(f"continued/{saver}", 1.2)
            records = change(records, "interchange", loader, "float64", arrays=lost)
    found = find(compare_records(records, None), "float64")
    assert {f.status for f in found.values()} == {"pass"}
    assert all("something is not saved" in f.detail for f in found.values())


def test_a_file_that_is_wrong_for_all_accuses_who_saved_it(records):
    for backend in ("jax", "tensorflow", "torch"):
        records = change(records, "interchange", backend, "float64", arrays=times("predictions/torch.0", 1.01))
    found = find(compare_records(records, None), "float64")
    assert {pair for pair, f in found.items() if f.failed} == {("jax", "torch"), ("tensorflow", "torch")}
    assert all(f.where == "saved on torch" for f in found.values() if f.failed)


def test_a_file_that_only_others_can_not_load_fails_and_one_that_nobody_can_is_not_run(records):
    refused = {"torch": "TypeError: could not deserialize"}
    some = change(records, "interchange", "jax", "float64", structure=lambda _: {"unloaded": refused})
    found = find(compare_records(some, None), "float64")
    assert found["jax", "torch"].status == "fail"
    assert "jax can't load what torch saved: TypeError" in found["jax", "torch"].detail
    everyone = dict.fromkeys(("jax", "tensorflow", "torch"), "NotImplementedError: no get_config")
    for backend in everyone:
        records = change(records, "interchange", backend, "float64", structure=lambda _: {"unloaded": everyone})
    found = find(compare_records(records, None), "float64")
    assert {f.status for f in found.values()} == {"not run"}
    assert all("no get_config" in f.detail for f in found.values())


def test_a_model_that_one_backend_can_not_save_fails(records):
    unsaved = change(records, "training", "torch", "float64", structure=lambda s: {**s, "unsaved": "ValueError: no"})
    found = find(compare_records(unsaved, None), "float64")
    assert {pair for pair, f in found.items() if f.failed} == {("jax", "torch"), ("tensorflow", "torch")}


def test_a_backend_that_loaded_nothing_fails_and_none_at_all_is_not_run(records):
    absent = [r for r in records if (r.run.task, r.run.backend) != ("interchange", "torch")]
    found = find(compare_records(absent, None), "float64")
    assert found["jax", "torch"].status == "fail"
    assert "torch has no interchange record" in found["jax", "torch"].detail
    none = [r for r in records if r.run.task != "interchange"]
    comparison = compare_records(none, None)
    assert {f.status for f in find(comparison, "float64").values()} == {"not run"}
    assert comparison.passed
