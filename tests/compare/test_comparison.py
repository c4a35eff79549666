from dataclasses import replace

import numpy as np
import pytest
from fakes.synthetic import (
    Setting,
    alter,
    describe_environment,
    time_phases,
    train,
    train_all,
    with_array,
    with_structure,
)

from multibackend.compare import PRECISIONS, STAGES, Comparison, compare_records
from multibackend.compare.ensemble import is_training
from multibackend.errors import RecordError
from multibackend.records.record import Record, Run

NAME = "E4-standardised"


def failing_stage(comparison: Comparison, precision: str) -> str:
    first = comparison.first_failures(NAME, precision)
    return first[0].stage if first else ""


def failing_pairs(comparison: Comparison, precision: str) -> set[tuple[str, str]]:
    return {finding.pair for finding in comparison.first_failures(NAME, precision)}


def test_healthy_records_pass_at_every_stage_of_every_pair(records):
    comparison = compare_records(records, [NAME])
    assert comparison.passed
    assert len(comparison.findings) == 2 * 3 * len(STAGES)
    assert {finding.status for finding in comparison.findings} == {"pass"}
    assert comparison.verdict(NAME, "float64") == "same"
    assert comparison.parameters == {NAME: 8 * 16 + 16 + 16 * 3 + 3}
    worst = max(f.measured for f in comparison.findings if f.precision == "float64" and f.measured is not None)
    assert 0 < worst < 1e-14


def nudge_bit(array: np.ndarray) -> np.ndarray:
    array.flat[5] = np.nextafter(array.flat[5], np.inf)
    return array


def swap_class(structure):
    structure["layers"][1]["class"] = "EinsumDense"


def swap_shape(structure):
    structure["variables"][0]["shape"] = [16, 8]


def freeze(structure):
    structure["variables"][2]["trainable"] = False


def drop_layer(structure):
    structure["layers"].pop()


def shift_steps(structure):
    structure["steps_per_epoch"] += 1


def drop_order(record):
    return replace(record, digests={key: value for key, value in record.digests.items() if key != "batch_order"})


def set_nan(position):
    def change(array):
        array[position] = np.nan
        return array

    return change


def add_to_first(amount):
    def change(array):
        array.flat[0] += amount
        return array

    return change


FAULTS = {
    "a layer of another class": ("structure", "dense_1.class", with_structure(swap_class)),
    "a variable of another shape": ("structure", "dense/kernel.shape", with_structure(swap_shape)),
    "a frozen variable": ("structure", "trainable", with_structure(freeze)),
    "a layer less": ("structure", "number of layers", with_structure(drop_layer)),
    "more steps": ("structure", "steps_per_epoch", with_structure(shift_steps)),
    "no structure": ("structure", "missing", lambda r: replace(r, structure={})),
    "other data": ("data", "inputs", lambda r: replace(r, digests=r.digests | {"training.inputs": "0" * 64})),
    "another batch order": ("data", "batch_order", lambda r: replace(r, digests=r.digests | {"batch_order": "0" * 64})),
    "no batch order": ("data", "batch_order", drop_order),
    "a bit of a weight": ("initial weights", "1 of 128", with_array("initial_weights/dense/kernel", nudge_bit)),
    "a weight's sign of zero": (
        "initial weights",
        "16 of 16",
        with_array("initial_weights/dense/bias", lambda w: np.copysign(0.0 * w, -1.0).astype(w.dtype)),
    ),
    "a transposed weight": (
        "initial weights",
        "shape",
        with_array("initial_weights/dense/kernel", lambda w: np.ascontiguousarray(w.T)),
    ),
    "a missing weight": ("initial weights", "none", with_array("initial_weights/dense/bias", lambda _: None)),
    "another layer output": (
        "initial outputs",
        "layer dense",
        with_array("initial_outputs/dense", lambda o: o * 1.001),
    ),
    "a missing output": ("initial outputs", "none", with_array("initial_outputs/dense_1", lambda _: None)),
    "an output in float16": (
        "initial outputs",
        "float16",
        with_array("initial_outputs/dense", lambda o: o.astype("f2")),
    ),
    "a NaN output": ("initial outputs", "not finite", with_array("initial_outputs/dense", set_nan((0, 0)))),
    "another loss": ("initial loss", "loss", with_array("initial/loss", lambda v: np.asarray(v * 1.00001))),
    "another metric": ("initial loss", "accuracy", with_array("initial/accuracy", lambda v: np.asarray(v + 1 / 32))),
    "no loss": ("initial loss", "none", with_array("initial/loss", lambda _: None)),
    "doubled gradients": ("gradients", "dense_1/kernel", with_array("gradients/dense_1/kernel", lambda g: 2 * g)),
    "a missing gradient": ("gradients", "none", with_array("gradients/dense/bias", lambda _: None)),
    "another update": ("first update", "dense/kernel", with_array("updates/dense/kernel", lambda u: u * 1.001)),
    "an update left out": ("first update", "dense_1/bias", with_array("updates/dense_1/bias", lambda u: 0 * u)),
    "a missing update": ("first update", "none", with_array("updates/dense/bias", lambda _: None)),
    "a stale slot": (
        "first update",
        "slot sgd/dense_1_kernel_momentum",
        with_array("slots/sgd/dense_1_kernel_momentum", lambda s: 0 * s),
    ),
    "a missing slot": ("first update", "none", with_array("slots/sgd/dense_kernel_momentum", lambda _: None)),
    "another optimizer": ("structure", "momentum", with_structure(lambda s: s["optimizer"]["config"].pop("momentum"))),
    "another loss function": ("structure", "loss", with_structure(lambda s: s.update(loss="mae"))),
    "a shorter trajectory": ("step losses", "(23,); expected", with_array("losses", lambda v: v[:-1])),
    "a NaN step": ("step losses", "first at 7", with_array("losses", set_nan(7))),
    "no trajectory": ("step losses", "none", with_array("losses", lambda _: None)),
    "another loss at one step": (
        "step losses",
        "step 4",
        with_array("losses", lambda v: np.r_[v[:3], v[3] * 1.001, v[4:]]),
    ),
    "no last epoch": ("converged loss", "(3,); expected", with_array("history/loss", lambda v: v[:-1])),
    "another converged loss": ("converged loss", "val_loss", with_array("history/val_loss", lambda v: v * 1.001)),
    "no validation": ("converged loss", "val_loss", with_array("history/val_loss", lambda _: None)),
    "another test loss": ("test metrics", "loss", with_array("test/loss", lambda v: np.asarray(v * 1.001))),
    "two rows of accuracy": ("test metrics", "accuracy", with_array("test/accuracy", lambda v: np.asarray(v + 2 / 40))),
    "no test loss": ("test metrics", "none", with_array("test/loss", lambda _: None)),
}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_altered_data_fail_at_their_stage(records, fault, precision):
    stage, words, change = FAULTS[fault]
    if stage == "data":  # a perturbed run on other data than its base is refused outright
        records = [record for record in records if is_training(record)]

    def same_dtype(record: Record) -> Record:
        changed = change(record)
        keep = fault == "an output in float16"
        kept = {k: v.astype(record.arrays[k].dtype) for k, v in changed.arrays.items()}
        return changed if keep else replace(changed, arrays=kept)

    comparison = compare_records(alter(records, "torch", precision, same_dtype), None)
    assert not comparison.passed
    assert failing_stage(comparison, precision) == stage
    assert failing_pairs(comparison, precision) == {("jax", "torch"), ("tensorflow", "torch")}
    assert comparison.verdict(NAME, precision) == f"torch differs at {stage}"
    for finding in comparison.first_failures(NAME, precision):
        assert words in finding.detail
        assert "\n" not in finding.detail
    other = "float32" if precision == "float64" else "float64"
    assert not comparison.first_failures(NAME, other)


def test_the_same_thing_missing_from_all_is_no_agreement(records):
    for key, stage in {
        "losses": "step losses",
        "test/loss": "test metrics",
        "initial_weights/dense/kernel": "initial weights",
    }.items():
        without = [with_array(key, lambda _: None)(record) for record in records if record.run.task == "training"]
        assert failing_stage(compare_records(without, None), "float64") == stage


def test_two_diverged_trainings_do_not_agree(records):
    nan = with_array("losses", lambda v: np.full_like(v, np.nan))
    for backend in ("jax", "torch"):
        records = alter(records, backend, "float64", nan)
    assert ("jax", "torch") in failing_pairs(compare_records(records, None), "float64")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_wrong_learning_rate_shows_at_the_first_update(records, precision):
    records = alter(records, "jax", precision, lambda _: train(Setting(), "jax", precision, rate_factor=1.01))
    comparison = compare_records(records, None)
    assert failing_stage(comparison, precision) == "first update"
    assert {f.where for f in comparison.first_failures(NAME, precision)} == {"sgd/learning_rate"}
    later = [f for f in comparison.select(NAME, precision, "step losses") if "jax" in f.pair]
    assert {(f.status, f.step) for f in later} == {("consequence", 2)}


def test_another_seed_in_the_same_clothes_fails_at_the_data(records):
    def reseed(record: Record) -> Record:
        return replace(train(Setting(seed=8), "jax", "float64"), run=record.run)

    records = alter([r for r in records if r.run.task == "training"], "jax", "float64", reseed)
    assert failing_stage(compare_records(records, None), "float64") == "data"


def test_the_first_differing_layer_in_the_models_order_is_named(records):
    change = with_array("initial_outputs/dense_1", lambda o: o * 2)
    both = with_array("initial_outputs/dense", lambda o: o * 1.01)
    comparison = compare_records(alter(records, "torch", "float64", lambda r: both(change(r))), None)
    detail = comparison.first_failures(NAME, "float64")[0].detail
    assert "first differs at layer dense:" in detail
    assert {f.places for f in comparison.first_failures(NAME, "float64")} == {("dense", "dense_1")}
    assert "worst at layer dense_1: 5.0e-01" in detail


def in_the_clothes_of(backend: str, record: Record) -> Record:
    """The record as if another backend had come to the same bits."""
    run = replace(record.run, backend=backend)
    return replace(record, run=run, environment=describe_environment(backend), wall_seconds=time_phases(run))


def test_equal_records_measure_zero(records):
    ours = [r for r in records if r.run.backend == "jax" and r.run.task == "training"]
    copies = [in_the_clothes_of(b, r) for r in ours for b in ("jax", "torch")]
    comparison = compare_records(copies, None, backends=("jax", "torch"))
    assert comparison.passed
    assert {finding.measured for finding in comparison.findings if finding.stage != "interchange"} == {0.0}


def test_an_absent_training_is_a_failure_and_named(records):
    without = [r for r in records if (r.run.backend, r.run.precision) != ("torch", "float64")]
    comparison = compare_records(without, None)
    assert not comparison.passed
    assert [(str(a.run), a.kind) for a in comparison.failed] == [(f"{NAME} torch float64", "no record")]
    statuses = {f.pair: f.status for f in comparison.select(NAME, "float64", "gradients")}
    assert statuses == {
        ("jax", "tensorflow"): "pass",
        ("jax", "torch"): "not judged",
        ("tensorflow", "torch"): "not judged",
    }
    assert comparison.verdict(NAME, "float64") == "no result from torch"


def test_a_wanted_experiment_without_any_record_is_a_failure(records):
    comparison = compare_records(records, [NAME, "B9"])
    assert not comparison.passed
    assert len([a for a in comparison.failed if a.run.experiment == "B9"]) == 6
    assert comparison.experiments == (NAME, "B9")


def test_only_wanted_experiments_are_compared(records):
    other = train_all(Setting(name="B9"), repetitions=0)
    assert compare_records([*records, *other], ["B9"]).experiments == ("B9",)


def test_a_failed_training_is_a_failure_with_its_reason(records):
    records = alter(records, "jax", "float32", lambda r: replace(r, status="failed", reason="out of memory", arrays={}))
    comparison = compare_records(records, None)
    assert not comparison.passed
    assert [absence.reason for absence in comparison.failed] == ["out of memory"]
    assert "jax failed: out of memory" in comparison.first_failures(NAME, "float32")[0].detail


def test_not_run_is_neither_pass_nor_failure(records):
    missing = [
        Record(Run("B12", r.run.backend, r.run.precision, "quick", 7), "not-run", "no network")
        for r in records
        if not r.run.perturbation
    ]
    comparison = compare_records([*records, *missing], None)
    assert comparison.passed
    assert not comparison.failed
    assert {(a.run.experiment, a.reason) for a in comparison.not_run} == {("B12", "no network")}
    assert {finding.status for finding in comparison.select("B12")} == {"not run"}
    assert not compare_records(missing, None).passed, "nothing compared proves nothing"


def test_nothing_to_compare_is_an_error():
    with pytest.raises(RecordError, match="nothing to compare"):
        compare_records([], None)
    with pytest.raises(RecordError, match="nothing to compare"):
        compare_records([], [])


def test_experiments_are_in_natural_order(records):
    renamed = [replace(r, run=replace(r.run, experiment=n)) for n in ("A10", "A2", "A2-b") for r in records]
    assert compare_records(renamed, None).experiments == ("A2", "A2-b", "A10")


def test_environments_are_listed_once_for_each_backend(records):
    rows = compare_records(records, None).environments
    assert [row["backend"] for row in rows] == ["jax", "tensorflow", "torch"]
    assert rows[0]["packages"]["keras"] == "3.15.1"


def ramp(size: float):
    """A difference that grows along the trajectory to `size`."""
    return with_array("losses", lambda v: (v * (1 + size * np.linspace(0, 1, len(v)) ** 2)).astype(v.dtype))


def nudge(record: Record) -> Record:
    """The record as of a training whose weights were each moved to their neighbour."""
    start = {k: np.nextafter(v, np.inf * v) for k, v in record.arrays.items() if k.startswith("initial_weights/")}
    return replace(record, arrays={**record.arrays, **start})


@pytest.mark.parametrize(("precision", "size"), [("float32", 2e-3), ("float64", 1e-7)])
def test_what_rounding_was_measured_to_grow_to_is_drift_and_beyond_that_a_fault(records, precision, size):
    moved = [
        ramp(size)(nudge(replace(r, run=replace(r.run, precision=precision, perturbation=1))))
        for r in records
        if is_training(r) and r.run.precision == precision
    ]
    chaotic = [r for r in records if not (r.run.perturbation and r.run.precision == precision)] + moved
    for factor, status in ((3.0, "drift"), (30.0, "fail")):
        comparison = compare_records(alter(chaotic, "torch", precision, ramp(factor * size)), None)
        found = {f.pair: f.status for f in comparison.select(NAME, precision, "step losses")}
        assert found == {("jax", "tensorflow"): "pass", ("jax", "torch"): status, ("tensorflow", "torch"): status}
        assert comparison.verdict(NAME, precision) == ("drift" if status == "drift" else "torch differs at step losses")
    steady = alter(records, "torch", precision, ramp(3 * size))
    assert compare_records(steady, None).select(NAME, precision, "step losses")[1].status == "fail"


def test_what_follows_a_failure_is_its_consequence_for_that_pair_alone(records):
    records = alter(records, "torch", "float64", with_array("gradients/dense/kernel", lambda g: 2 * g))
    records = alter(records, "jax", "float64", with_array("test/loss", lambda v: np.asarray(2 * v)))
    comparison = compare_records(records, None)
    statuses = {(f.pair, f.stage): f.status for f in comparison.select(NAME, "float64") if f.failed}
    assert statuses == {
        (("jax", "torch"), "gradients"): "fail",
        (("tensorflow", "torch"), "gradients"): "fail",
        (("jax", "torch"), "test metrics"): "consequence",
        (("jax", "tensorflow"), "test metrics"): "fail",
    }
    first = comparison.first_failures(NAME, "float64")
    assert {f.stage for f in first} == {"gradients"}
    assert comparison.consequences(first[0]) == ("test metrics",)


def test_what_was_done_to_the_data_is_said_once_beside_the_verdict(records):
    def note(record: Record) -> Record:
        return replace(record, environment=record.environment | {"data_notes": ["inputs: float128, taken as float64"]})

    comparison = compare_records([note(record) for record in records], [NAME])
    assert [n.text for n in comparison.notes if "float128" in n.text] == ["inputs: float128, taken as float64"]
    assert comparison.environments == compare_records(records, [NAME]).environments
    assert comparison.passed
