"""What the course's sources say of each experiment holds in every record of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import demand_run

from multibackend.record import Record

# name: (all parameters, those that don't train)
PARAMETERS = {
    "A5-raw": (121, 0),
    "A5-standardised": (121, 0),
    "A9": (27, 0),
    "B9": (300_938, 0),
    "B13": (101, 0),
    "C7": (10_986, 1_568),
    "D3": (9_098, 0),
    "E4-raw": (371, 0),
    "E4-standardised": (371, 0),
}

# name: (training rows, validation rows, test rows, steps an epoch) at full profile
FULL_ROWS = {"B9": (45_000, 15_000, 10_000, 704), "B13": (11_610, 3_870, 5_160, 363), "C7": (60_000, 0, 10_000, 1_875)}
# ... and at quick profile, where that is another
QUICK_ROWS = {"B9": (12_800, 2_000, 2_000, 200), "B13": FULL_ROWS["B13"], "C7": (12_800, 0, 2_000, 400)}
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
        return {str(r.run).split(" ", 1)[1]: float(r.arrays["test/accuracy"]) for r in finished(records, experiment)}

    raw, standardised = accuracy("E4-raw"), accuracy("E4-standardised")
    assert raw.keys() == standardised.keys()
    for run in raw:
        assert standardised[run] >= 0.95, run
        assert raw[run] <= standardised[run] - 0.1, run
