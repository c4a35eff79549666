"""What the course's sources say of each experiment holds in every record of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import demand_run

from multibackend.records.record import Record

# name: (all parameters, those that don't train)
PARAMETERS = {
    "A5-raw": (121, 0),
    "A5-standardised": (121, 0),
    "A9": (27, 0),
    "B9": (300_938, 0),
    "B10": (300_938, 0),
    "B12": (886_666, 0),
    "B13": (101, 0),
    "C6": (7_850, 0),
    "C7": (10_986, 1_568),
    "C8": (10_986, 1_568),
    "C9": (238_282, 1_568),
    "D3": (9_098, 0),
    **{f"D5-{name}": (25_450, 0) for name in ("sgd", "adam", "adadelta", "rmsprop")},
    "E4-raw": (371, 0),
    "E4-standardised": (371, 0),
}

# name: (training rows, validation rows, test rows, steps an epoch) at full profile
FULL_ROWS = {
    "B9": (45_000, 15_000, 10_000, 704),
    "B10": (45_000, 15_000, 10_000, 704),
    "B12": (50_000, 5_000, 5_000, 782),
    "B13": (11_610, 3_870, 5_160, 363),
    "C6": (60_000, 0, 10_000, 1_875),
    "C7": (60_000, 0, 10_000, 1_875),
    "C8": (60_000, 0, 10_000, 469),
    "C9": (60_000, 0, 10_000, 469),
}
# ... and at quick profile, where that is another
QUICK_ROWS = {
    "B9": (12_800, 2_000, 2_000, 200),
    "B10": (12_800, 2_000, 2_000, 200),
    "B12": (6_400, 2_000, 2_000, 100),
    "B13": FULL_ROWS["B13"],
    "C6": (3_200, 0, 2_000, 100),
    "C7": (12_800, 0, 2_000, 400),
    "C8": (25_600, 0, 2_000, 200),
    "C9": (5_000, 0, 2_000, 40),
}
STEPS = {"A5-raw": 5, "A5-standardised": 5, "A9": 8}


def finished(records: list[Record], experiment: str) -> list[Record]:
    """An experiment's records; there must be some."""
    found = [record for record in records if record.run.experiment == experiment]
    assert found, f"no record of {experiment}"
    for record in found:
        if record.status == "not-run":
            demand_run(record.reason)
        assert record.status == "finished", record.reason
    return found


def test_parameters(records: list[Record], experiment: str) -> None:
    for record in finished(records, experiment):
        parameters = record.structure["parameters"]
        assert (parameters["total"], parameters["non_trainable"]) == PARAMETERS[experiment], record.run


def test_rows_and_steps(records: list[Record], experiment: str) -> None:
    for record in finished(records, experiment):
        structure = record.structure
        assert len(record.arrays["losses"]) == structure["steps_per_epoch"] * record.plan["epochs"]
        assert structure["steps_per_epoch"] == math.ceil(structure["rows"]["training"] / record.plan["batch_size"])
        if experiment in STEPS:
            assert structure["steps_per_epoch"] == STEPS[experiment], record.run
        expected = (FULL_ROWS if record.run.profile == "full" else QUICK_ROWS).get(experiment)
        if expected:
            rows = structure["rows"]
            assert (rows["training"], rows["validation"], rows["test"], structure["steps_per_epoch"]) == expected


def test_a9_stays_near_ln_2(records: list[Record]) -> None:
    for record in finished(records, "A9"):
        assert record.arrays["history/loss"][-1] == pytest.approx(math.log(2), abs=0.1), record.run


def test_standardising_the_houses_converges(records: list[Record]) -> None:
    for record in finished(records, "A5-standardised"):
        losses = record.arrays["history/loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0] / 5, record.run


def test_standardising_the_measures_pays(records: list[Record]) -> None:
    def accuracy(experiment: str) -> dict[str, float]:
        return {r.run.words: float(r.arrays["test/accuracy"]) for r in finished(records, experiment)}

    raw, standardised = accuracy("E4-raw"), accuracy("E4-standardised")
    assert raw.keys() == standardised.keys()
    for run in raw:
        assert standardised[run] >= 0.95, run
        assert raw[run] <= standardised[run] - 0.1, run


def test_one_hot_digits_train_as_digits_do(records: list[Record]) -> None:
    """B10 is B9 with other labels: on each backend the same losses, step for step, but for rounding.

    float64 decides, over the whole training. In float32, rounding is carried through the steps: after the first 200,
    8e-5 was measured on TensorFlow, 0 elsewhere (a factor of ten is allowed); after 14,080, 1e-2, as far as moving the
    initial weights by one ULP carries them.
    """
    tolerance = {"float64": 1e-12, "float32": 8e-4}
    digits, one_hot = ({r.run.folder.name: r for r in finished(records, name)} for name in ("B9", "B10"))
    assert digits.keys() == one_hot.keys()
    for key, record in digits.items():
        steps = 200 if record.run.precision == "float32" else None
        expected, got = (r.arrays["losses"][:steps].astype("float64") for r in (record, one_hot[key]))
        np.testing.assert_allclose(got, expected, rtol=tolerance[record.run.precision], err_msg=key)


def test_a_learned_normalisation_is_clearly_better_than_raw_pixels(records: list[Record]) -> None:
    raw, normalised = (
        {r.run.backend: float(r.arrays["test/accuracy"]) for r in finished(records, n) if r.run.precision == "float64"}
        for n in ("C6", "C7")
    )
    for backend, accuracy in normalised.items():
        assert accuracy > raw[backend] + 0.02, backend


def test_the_photographs_are_learned_by_heart(records: list[Record]) -> None:
    """B12 at the course's own length; the quick plan's 100 steps are only a beginning, at which the loss falls."""
    for record in finished(records, "B12"):
        training, validation = (float(record.arrays[f"history/{name}"][-1]) for name in ("accuracy", "val_accuracy"))
        losses = record.arrays["losses"]
        assert losses[-20:].mean() < losses[:20].mean() - 0.02, record.run
        if record.run.profile == "full":
            assert 0.45 <= validation <= 0.55, record.run
            assert training > validation, record.run
