"""The power's own test: scores fall with what is missed, the table is sound, and every fault is undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from multibackend import BACKENDS
from multibackend.compare import STAGES
from multibackend.compare.findings import Status
from multibackend.launch.choosing import name_pythons
from multibackend.records.record import MODEL_FILE, Record, Run, load_record, save_record
from power.__main__ import format_results
from power.lending import lend
from power.numerical_test import find_differences
from power.page import format_page
from power.results import Absent, AbsentRun, Found, Started, read_results
from power.score import Share, find_false_alarms, is_place_right, score_fault, total
from power.study import REQUIRED, Clean, Measured, list_clean
from power.table import Fault, read_table

FAULT = Fault("frozen", ("torch",), "dense", "gradients", "a kernel has no gradient", ("dense/middle/kernel",))
LATE = Fault("late", ("jax",), "dense", "step losses", "from step 5 on", step=5)


def found(stage: str, *pairs: str, where: str = "", step: int = 0, precision: Any = "float64") -> list[Found]:
    """Make findings in which these pairs differ at a stage, and all others pass."""
    findings = []
    for pair in combinations(BACKENDS, 2):
        differs = "-".join(pair) in pairs
        status: Status = "fail" if differs else "pass"
        findings.append(
            Found("frozen", precision, pair, stage, status, "", where if differs else "", step if differs else 0)
        )
    return findings


RIGHT = found("gradients", "jax-torch", "tensorflow-torch", where="dense/middle/kernel")


def test_a_fault_that_is_found_where_it_lies_scores_in_full() -> None:
    score = score_fault(FAULT, RIGHT, STAGES)
    assert (score.detected, score.stage_right, score.place_right, score.step_right) == (True, True, True, None)
    assert score.blamed
    assert score.healthy
    assert score.precision == "float64"


def test_what_follows_the_first_failing_stage_counts_for_nothing() -> None:
    later = found("step losses", "jax-torch", "tensorflow-torch", step=1)
    assert score_fault(FAULT, [*later, *RIGHT], STAGES) == score_fault(FAULT, RIGHT, STAGES)


@pytest.mark.parametrize("findings", [[], found("gradients"), found("gradients", "jax-tensorflow")])
def test_a_missed_fault_is_not_detected(findings: list[Found]) -> None:
    score = score_fault(FAULT, findings, STAGES)
    assert not score.detected
    assert total([score])["detected"].value == 0


def test_a_training_that_failed_detects_nothing() -> None:
    absent = [replace(finding, status="not judged") for finding in RIGHT if finding.status == "fail"]
    assert not score_fault(FAULT, absent, STAGES).detected


def test_a_wrong_stage_place_or_step_lowers_its_score() -> None:
    wrong = found("initial loss", "jax-torch", "tensorflow-torch", where="dense/hidden/kernel")
    score = score_fault(FAULT, wrong, STAGES)
    assert (score.detected, score.stage_right, score.place_right) == (True, False, False)
    assert score.where == "dense/hidden/kernel"
    early = score_fault(LATE, found("step losses", "jax-tensorflow", "jax-torch", step=4), STAGES)
    assert (early.stage_right, early.step_right, early.place_right) == (True, False, None)
    totals = total([score, early])
    assert [totals[name].value for name in ("detected", "stage", "layer or variable", "step")] == [1, 0.5, 0, 0]


def test_a_place_must_be_right_in_every_pair() -> None:
    mixed = [
        *found("gradients", "jax-torch", where="dense/middle/kernel"),
        *found("gradients", "tensorflow-torch", where="dense/hidden/kernel"),
    ]
    score = score_fault(FAULT, mixed, STAGES)
    assert score.place_right is False
    assert score.where == "dense/hidden/kernel"


def origin(where: str, kind: Any = "gradient", precision: Any = "float64") -> Started:
    return Started("frozen", precision, kind, where)


def test_the_origin_is_the_place_where_one_is_named() -> None:
    passed_through = found("gradients", "jax-torch", "tensorflow-torch", where="dense/hidden/kernel")
    assert score_fault(FAULT, passed_through, STAGES).place_right is False
    assert score_fault(FAULT, passed_through, STAGES, [origin("dense/middle/kernel")]).place_right
    assert score_fault(FAULT, RIGHT, STAGES, [origin("dense/output/kernel")]).place_right is False
    assert score_fault(FAULT, RIGHT, STAGES, [origin("", "loss")]).where == "loss"
    assert score_fault(FAULT, RIGHT, STAGES, [origin("", "nowhere")]).place_right
    assert score_fault(FAULT, RIGHT, STAGES, [origin("dense/output/kernel", precision="float32")]).place_right


def test_an_accused_healthy_pair_lowers_the_score_of_the_backend() -> None:
    everywhere = found("gradients", "jax-tensorflow", "jax-torch", "tensorflow-torch", where="dense/middle/kernel")
    score = score_fault(FAULT, everywhere, STAGES)
    assert score.detected
    assert (score.healthy, score.blamed) == (False, False)
    one_pair = score_fault(FAULT, found("gradients", "jax-torch", where="dense/middle/kernel"), STAGES)
    assert not one_pair.blamed
    assert total([score, one_pair])["backend"].count == 0


def test_float32_decides_only_where_float64_agrees() -> None:
    single = found("initial outputs", "jax-torch", "tensorflow-torch", precision="float32")
    assert score_fault(FAULT, [*single, *RIGHT], STAGES).stage == "gradients"
    alone = score_fault(FAULT, single, STAGES)
    assert (alone.precision, alone.stage) == ("float32", "initial outputs")


@pytest.mark.parametrize(
    ("expected", "place", "right"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/kernel", True),
        ("a/b", "a/bc", False),
        ("a/b/kernel", "a/b", False),
        ("adam/*_velocity", "adam/a_kernel_velocity", True),
        ("adam/*_velocity", "adam/a_kernel_momentum", False),
        ("training loss", "training loss", True),
        ("a/b", "", False),
    ],
)
def test_a_place_is_the_one_expected_or_a_variable_of_it(expected: str, place: str, right: bool) -> None:
    assert is_place_right(["elsewhere", expected], place) is right


def test_results_are_read_from_the_file_that_a_comparison_writes(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    extra = {"measured": "inf", "bound": 1e-10, "places": []}
    started = {**asdict(origin("dense/middle/kernel")), "who": ["torch"], "detail": ""}
    lost = {"run": {"experiment": "lost", "backend": "torch"}, "kind": "failed", "reason": "killed"}
    content = {"findings": [asdict(f) | extra for f in RIGHT], "origins": [started], "failed": [lost]}
    path.write_text(json.dumps({**content, "stages": STAGES, "environments": [{"cores": 2}], "passed": False}))
    results = read_results(path)
    assert results.findings == tuple(RIGHT)
    assert results.origins == (origin("dense/middle/kernel"),)
    assert results.failed == (Absent(AbsentRun("lost"), "killed"),)
    assert results.stages == STAGES


def test_a_false_alarm_is_counted_once_and_named() -> None:
    clean = found("gradients")
    assert find_false_alarms(clean) == {}
    alarms = find_false_alarms([*RIGHT, *found("step losses", "jax-torch")])
    assert list(alarms) == ["frozen"]
    assert alarms["frozen"].startswith("float64 jax-torch at gradients")
    lost = [Absent(AbsentRun("lost"), "killed")]
    assert find_false_alarms(clean, lost) == {"lost": "no result: killed"}


def test_the_interval_is_wilsons() -> None:
    # Wilson's interval as Agresti and Coull tabulate it for 0 and for 9 of 10; nothing at all says nothing.
    assert np.allclose(Share(0, 10).interval, (0.0, 0.2775), atol=1e-4)
    assert np.allclose(Share(9, 10).interval, (0.5958, 0.9821), atol=1e-4)
    assert Share(0, 0).value == 0
    assert Share(0, 0).interval == (0, 1)


# ------------------------------------------------------------------------------------------- Keras' own test


def record(backend: str, precision: str = "float32", perturbation: int = 0, **history: list[float]) -> Record:
    run = Run("dense", backend, precision, "quick", 0, perturbation)
    return Record(run, "finished", arrays={f"history/{key}": np.array(value) for key, value in history.items()})


def test_kerass_test_compares_the_first_epoch_in_float32_within_1e_3() -> None:
    near = [record("jax", loss=[1.0, 0.5], mae=[0.2, 0.1]), record("torch", loss=[1.0009, 0.9], mae=[0.2, 0.3])]
    assert find_differences(near) == {}
    other = [record("torch", "float64", loss=[2.0]), record("torch", perturbation=1, loss=[3.0])]
    assert find_differences([*near, *other]) == {}
    assert find_differences([near[0], record("torch", loss=[1.0011, 0.5], mae=[0.2, 0.1])]) == {
        ("jax", "torch"): "loss"
    }
    assert find_differences([near[0], record("torch", loss=[1.0, 0.5], mae=[0.3, 0.1])]) == {("jax", "torch"): "mae"}
    assert find_differences([near[0], record("torch", loss=[1.0, 0.5])]) == {("jax", "torch"): "mae"}
    assert find_differences([record("jax"), record("torch")]) == {("jax", "torch"): "no history"}


# ---------------------------------------------------------------------------------------------- lending


def test_what_a_fault_does_not_touch_is_the_clean_runs(tmp_path: Path) -> None:
    corpus, clean, records = Path("corpus.py"), tmp_path / "clean", tmp_path / "faults"
    for backend in BACKENDS:
        for task in ("training", "interchange"):
            run = Run(f"{corpus}:clean-dense", backend, "float64", "quick", 0, task=task)  # type: ignore[arg-type]
            arrays = {"losses": np.array([1.0, 0.5])}
            save_record(Record(run, "finished", fingerprint="one", arrays=arrays, files={MODEL_FILE: b"saved"}), clean)
    faults = [FAULT, msgspec.structs.replace(FAULT, name="other", optimizer="adam")]
    assert lend(faults, clean, records, corpus) == 2
    assert lend(faults, clean, records, corpus) == 0
    lent = {record.run: record for record in map(load_record, (path.parent for path in records.rglob("record.json")))}
    expected = {Run(f"{corpus}:frozen", backend, "float64", "quick", 0) for backend in ("jax", "tensorflow")}
    assert set(lent) == expected
    assert all(record.fingerprint == "one" and record.arrays["losses"][1] == 0.5 for record in lent.values())
    assert len(list(records.rglob(MODEL_FILE))) == 2
    run = Run(f"{corpus}:clean-dense", "jax", "float64", "quick", 0)
    save_record(Record(run, "finished", fingerprint="two", arrays={"losses": np.array([2.0])}), clean)
    assert lend(faults, clean, records, corpus) == 1


# ----------------------------------------------------------------------------------------------- the page


CLEAN = Clean(
    names=tuple(f"clean, seed {seed}" for seed in range(100)),
    alarms={"clean, seed 3": "float32 jax-torch at gradients: ..."},
    keras_alarms={},
)


def make_measured() -> Measured:
    late = found("step losses", "jax-tensorflow", "jax-torch", step=5)
    return Measured(
        scores=(score_fault(FAULT, RIGHT, STAGES), score_fault(LATE, late, STAGES)),
        keras_found={"late": "jax-torch: loss"},
        clean=CLEAN,
        environments=({"packages": {"keras": "3.15.1"}, "cores": 2, "processor": "a", "device": "cpu"},),
        seconds={"faults": 60.0, "clean runs": 30.0},
        day="2026-01-01",
    )


def test_the_page_holds_the_totals_and_every_fault() -> None:
    page = format_page(make_measured())
    assert "| faults detected | ≥ 95 % | 2 of 2, 100.0 % |" in page
    assert "| 1 of 2, 50.0 % |" in page
    assert "| clean runs called different | ≤ 1 % | 1 of 100, 1.0 % |" in page
    assert "`frozen`" in page
    assert "keras 3.15.1" in page
    assert "**" not in page.split("## Faults")[1].split("\n| ", 2)[2]


def test_the_results_hold_the_scores_and_the_totals() -> None:
    results = json.loads(format_results(make_measured()))
    assert [score["fault"]["name"] for score in results["scores"]] == ["frozen", "late"]
    assert results["totals"]["detected"] == {"count": 2, "total": 2}
    assert results["keras_totals"]["detected"] == {"count": 1, "total": 2}


def test_a_requirement_that_is_missed_is_named() -> None:
    measured = make_measured()
    assert measured.missed == []
    silent = score_fault(FAULT, [], STAGES)
    assert replace(measured, scores=(silent,)).missed == [name for name in REQUIRED if name != "false alarms"]
    wrong = score_fault(FAULT, found("initial loss", "jax-torch", "tensorflow-torch"), STAGES)
    assert replace(measured, scores=(wrong, measured.scores[1])).missed == ["stage", "layer or variable"]
    assert replace(measured, clean=replace(CLEAN, names=CLEAN.names[:99])).missed == ["false alarms"]
    assert "**missed**" in format_page(replace(measured, scores=(silent,)))
    assert "**initial loss**" in format_page(replace(measured, scores=(wrong,)))


# ------------------------------------------------------------------------------------------- table and corpus


def test_the_table_is_sound() -> None:
    faults = read_table()
    names = [fault.name for fault in faults]
    assert len(names) >= 45
    assert len(set(names)) == len(names)
    assert len(list_clean()) * 5 >= 100
    for fault in faults:
        assert fault.backends and set(fault.backends) <= set(BACKENDS), fault
        assert fault.stage in STAGES, fault
        assert (fault.step > 0) <= (fault.stage == "step losses"), fault
    assert {fault.stage for fault in faults} == set(STAGES)
    by_backend = [sum(fault.planted_on == backend for fault in faults) for backend in BACKENDS]
    assert min(by_backend) >= 20


@pytest.fixture(scope="module")
def left() -> Iterator[dict[str, Any]]:
    """What `undone.py` prints, by backend."""
    pythons = name_pythons([])
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    processes = {
        backend: subprocess.Popen(
            [pythons.get(backend, sys.executable), "-m", "power.undone"],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment | {"KERAS_BACKEND": backend},
        )
        for backend in BACKENDS
    }
    answers = {}
    for backend, process in processes.items():
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, backend
        answers[backend] = json.loads(output.splitlines()[-1])
    yield answers


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_fault_is_undone(left: dict[str, Any], backend: str) -> None:
    faults = left[backend]["faults"]
    assert set(faults) == {fault.name for fault in read_table() if fault.planted_on == backend}
    assert {name: traces["left"] for name, traces in faults.items() if traces["left"]} == {}
    assert sum(bool(traces["planted"]) for traces in faults.values()) >= 4  # what is planted in code is seen there


def test_every_fault_of_the_table_has_a_plant_and_every_plant_a_fault(left: dict[str, Any]) -> None:
    names = {fault.name for fault in read_table()}
    assert all(set(answer["plants"]) == names for answer in left.values())
