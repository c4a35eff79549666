"""Participants: any number from two on, in the truth, the envelope, the verdict, the words and every report."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from fakes.synthetic import FIVE, PRECISIONS, Setting, alter, train, train_all, with_array
from rich.console import Console

from multibackend.compare import STAGES, compare_records, gather_ensembles, load_runs, sort_participants
from multibackend.compare.judgement import find_truth
from multibackend.compare.quantity import Quantity
from multibackend.compare.truth import find_agreeing
from multibackend.engine import backends
from multibackend.errors import RecordError
from multibackend.records.record import Record, save_record
from multibackend.report import build_results, print_comparison, write_results

NAME = "E4-standardised"
SETS = {2: ("jax", "torch"), 4: FIVE[:4], 5: FIVE}
RECORDS = {count: train_all(Setting(), 1, names) for count, names in SETS.items()}

counts = pytest.mark.parametrize("count", SETS)


def make_faulty(count: int, faulty: str, factor: float = 3.0) -> list[Record]:
    """Train one participant at a wrong rate, its repetitions too."""
    return [
        train(Setting(), faulty, r.run.precision, r.run.perturbation, rate_factor=factor)
        if r.run.backend == faulty and r.run.task == "training"
        else r
        for r in RECORDS[count]
    ]


@counts
def test_healthy_ones_agree_in_all_pairs(count: int) -> None:
    comparison = compare_records(RECORDS[count], None, backends=SETS[count])
    assert comparison.passed
    assert comparison.participants == SETS[count]
    assert {f.pair for f in comparison.findings} == set(combinations(SETS[count], 2))
    assert len(comparison.findings) == 2 * count * (count - 1) // 2 * len(STAGES)
    assert {f.status for f in comparison.findings} == {"pass"}
    assert {a.run for a in comparison.failed} == set()


@counts
@pytest.mark.parametrize("precision", PRECISIONS)
def test_one_that_differs_is_named_and_the_others_pass(count: int, precision: str) -> None:
    faulty = SETS[count][1]
    records = alter(RECORDS[count], faulty, precision, with_array("gradients/dense/kernel", lambda g: 2 * g))
    comparison = compare_records(records, None, backends=SETS[count])
    words = f"{faulty} differs" if count > 2 else "jax and torch differ"
    assert comparison.verdict(NAME, precision) == f"{words} at gradients"
    assert comparison.find_suspects(NAME, precision) == ((faulty,) if count > 2 else SETS[2])
    assert all(f.failed == (faulty in f.pair) for f in comparison.select(NAME, precision, "gradients"))
    assert {f.places for f in comparison.first_failures(NAME, precision)} == {("dense/kernel",)}


@pytest.mark.parametrize("count", [4, 5])
def test_a_faulty_one_cannot_widen_its_own_bound(count: int) -> None:
    faulty = SETS[count][-1]
    comparison = compare_records(make_faulty(count, faulty), None, backends=SETS[count])
    for precision in PRECISIONS:
        assert all(f.failed == (faulty in f.pair) for f in comparison.select(NAME, precision, "step losses"))


@counts
def test_where_nobody_agrees_all_are_counted(count: int) -> None:
    records = RECORDS[count]
    for position, name in enumerate(SETS[count]):
        factor = 1 + position / 10
        records = alter(records, name, "float64", with_array("gradients/dense/bias", lambda g, f=factor: f * g))
    comparison = compare_records(records, None, backends=SETS[count])
    words = f"all {count} differ" if count > 2 else "jax and torch differ"
    assert comparison.verdict(NAME, "float64") == f"{words} at gradients"


def test_the_truth_is_that_of_the_larger_camp_and_nobodys_where_two_are_equal() -> None:
    losses = Quantity("losses")
    healthy = find_truth(gather_ensembles(RECORDS[4])[NAME], losses)
    for wrong, expected in ((("torch",), True), (("torch", "cntk"), False)):
        records = RECORDS[4]
        for name in wrong:
            records = alter(records, name, "float64", with_array("losses", lambda v: 2 * v))
        truth = find_truth(gather_ensembles(records)[NAME], losses)
        assert (truth is not None) == expected
        if truth is not None:
            np.testing.assert_allclose(truth, healthy, rtol=1e-14)


def test_a_group_agrees_in_all_its_pairs_and_each_pair_is_asked_once() -> None:
    asked = []

    def close(a: int, b: int) -> bool:
        asked.append((a, b))
        return abs(a - b) < 2

    assert find_agreeing([0, 1, 2, 9, 9], close) == ()  # 0 and 1, or 9 and 9
    assert find_agreeing([0, 1, 2, 9], close) == (0, 1)  # 1 and 2 overlap with these
    assert find_agreeing([5, 1, 5, 5], close) == (5, 5, 5)
    assert find_agreeing([5], close) == ()
    assert len(asked) == 10 + 6 + 6


@counts
def test_every_report_names_them_all(count: int, tmp_path: Path) -> None:
    records = make_faulty(count, "torch")
    comparison = compare_records(records, None, backends=SETS[count])
    paths = write_results(comparison, records, tmp_path)
    assert paths[-1].read_bytes().startswith(b"\x89PNG")
    results = json.loads((tmp_path / "results.json").read_text())
    assert results == build_results(comparison)
    assert results["participants"] == list(SETS[count])
    assert {tuple(f["suspects"]) for f in results["first_failures"]} == {SETS[2] if count == 2 else ("torch",)}
    page = (tmp_path / "results.md").read_text()
    assert all("-".join(pair) in page for pair in combinations(SETS[count], 2))
    file = io.StringIO()
    print_comparison(comparison, Console(file=file, width=120))
    shown = " ".join(file.getvalue().split())
    assert ("torch differs at" if count > 2 else "jax and torch differ at") in shown
    assert "three" not in shown + page


def test_records_of_a_fourth_backend_are_read_once_this_installation_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record in RECORDS[4]:
        save_record(record, tmp_path)
    with pytest.raises(RecordError, match=r'run\.backend: got "cntk"; expected one that is known here') as caught:
        load_runs([tmp_path])
    assert "\n" not in str(caught.value)
    cntk = replace(backends.get_backend("torch"), name="cntk", packages=())
    monkeypatch.setattr(backends, "DESCRIPTORS", MappingProxyType({**backends.DESCRIPTORS, "cntk": cntk}))
    with pytest.raises(RecordError, match="cntk"):  # which packages are its own is a matter of its descriptor
        load_runs([tmp_path])
    package = replace(backends.get_backend("torch").packages[0], name="cntk", module="cntk", distributions=("cntk",))
    cntk = replace(cntk, packages=(package,))
    monkeypatch.setattr(backends, "DESCRIPTORS", MappingProxyType({**backends.DESCRIPTORS, "cntk": cntk}))
    comparison = compare_records(load_runs([tmp_path]), None, backends=SETS[4])
    assert comparison.passed
    assert comparison.participants == SETS[4]


def know_of_cntk(monkeypatch: pytest.MonkeyPatch, *able: backends.Capability) -> None:
    """Let the installation know of a backend that can do only this beside calling and loading models."""
    cntk = replace(backends.get_backend("torch"), name="cntk", can=frozenset(able))
    monkeypatch.setattr(backends, "DESCRIPTORS", MappingProxyType({**backends.DESCRIPTORS, "cntk": cntk}))


INFERRED = ("structure", "data", "initial weights", "initial outputs", "interchange")


def infer_only(record: Record) -> Record:
    """Keep what a backend that only infers can leave: no training, and no model of its own for others to load."""
    task, ours = record.run.task, record.run.backend == "cntk"
    kept = ("initial_weights", "initial_outputs") if task == "training" and ours else None
    arrays = {
        key: array
        for key, array in record.arrays.items()
        if (key.split("/")[0] in kept if kept else "/cntk" not in key) and not (ours and key.startswith("continued"))
    }
    return replace(record, arrays=arrays)


def test_one_that_only_infers_is_compared_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    know_of_cntk(monkeypatch, "float64")
    records = [
        infer_only(r) if r.run.task != "training" or r.run.backend == "cntk" else r
        for r in RECORDS[4]
        if not (r.run.backend == "cntk" and r.run.perturbation)
    ]
    comparison = compare_records(records, None, backends=SETS[4])
    found = {f.stage: f for f in comparison.select(NAME, "float64") if f.pair == ("jax", "cntk")}
    assert {stage for stage, f in found.items() if f.status == "pass"} == set(INFERRED)
    assert {f.status for stage, f in found.items() if stage not in INFERRED} == {"not run"}
    assert found["step losses"].detail == "cntk can't do what this stage needs: training"
    assert comparison.passed
    assert {f.status for f in comparison.findings if "cntk" not in f.pair} == {"pass"}
    wrong = [
        with_array("predictions/jax.0", lambda p: p * 1.1)(r)
        if (r.run.backend, r.run.precision, r.run.task) == ("cntk", "float64", "interchange")
        else r
        for r in records
    ]
    comparison = compare_records(wrong, None, backends=SETS[4])
    assert [f.pair for f in comparison.first_failures(NAME, "float64")] == [("jax", "cntk")]


def test_nothing_is_expected_in_float64_of_one_that_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    know_of_cntk(monkeypatch, "gradients", "training")
    records = [r for r in RECORDS[4] if not (r.run.backend == "cntk" and r.run.precision == "float64")]
    comparison = compare_records(records, None, backends=SETS[4])
    assert comparison.passed
    found = [f for f in comparison.select(NAME, "float64") if "cntk" in f.pair]
    assert {(f.status, f.detail) for f in found} == {("not run", "cntk can't compute in float64")}


def test_participants_are_in_the_order_of_the_descriptors_and_then_of_their_names() -> None:
    assert sort_participants(["b", "torch", "a", "jax", "b"]) == ("jax", "torch", "a", "b")
