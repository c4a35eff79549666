"""The ladder: what is asked of which backend, where trainings agree, part in a step, or part by rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.synthetic import BACKENDS, PRECISIONS, Setting, alter, train_all, with_array

from multibackend.launch import ladder
from multibackend.launch.output_folder import OutputFolder
from multibackend.launch.supervisor import Outcome
from multibackend.records.record import Record, Run

NAME = "E4-standardised"


def climb(monkeypatch: pytest.MonkeyPatch, records: list[Record], **settings: Any) -> tuple[Any, list[Any]]:
    """Climb with these records in place of trainings; what was asked for beyond the trainings themselves."""
    asked: list[Any] = []

    def run(names: Any, backends: Any, wanted: Any, **_: Any) -> list[Outcome]:
        if tuple(wanted[0][2:]) or wanted[0][1]:
            asked.append((list(names), list(backends), [tuple(one) for one in wanted]))
        runs = [Run(n, b, p, "quick", 7, *rest) for n in names for b in backends for p, *rest in wanted]
        return [Outcome(run, "finished") for run in runs]

    def read(outcomes: Any, _: Path) -> list[Record]:
        runs = {outcome.run for outcome in outcomes}
        return [record for record in records if record.run in runs]

    monkeypatch.setattr(ladder, "run_trainings", run)
    monkeypatch.setattr(ladder, "read_records", read)
    ascent = ladder.climb(
        [NAME], BACKENDS, PRECISIONS, output=OutputFolder(Path()), **({"workarounds": True} | settings)
    )
    return ascent.comparison, asked


def test_where_all_agree_models_are_exchanged_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, asked = climb(monkeypatch, train_all(Setting(), 1))
    assert comparison.passed
    assert asked == [([NAME], list(BACKENDS), [(precision, 0, "interchange") for precision in PRECISIONS])]
    assert {f.status for f in comparison.select(NAME, stage="interchange")} == {"pass"}
    _, asked = climb(monkeypatch, train_all(Setting(), 1), workarounds=False)
    assert asked == []


def test_what_parts_in_a_step_is_traced_on_a_backend_that_agrees_and_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = with_array("gradients/dense/kernel", lambda g: 2 * g)
    records = alter(alter(train_all(Setting(), 1), "jax", "float64", doubled), "jax", "float32", doubled)
    comparison, asked = climb(monkeypatch, records)
    assert not comparison.passed
    assert [(backends, wanted) for _, backends, wanted in asked] == [
        (["tensorflow"], [("float64", 0, "trace")]),
        (list(BACKENDS), [("float64", 0, "isolation")]),  # the precision that decides
        (list(BACKENDS), [("float64", 1)]),  # no part has been shown to differ alone
    ]


def test_a_later_failure_in_float64_is_tried_for_rounding_and_not_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    records = alter(train_all(Setting(), 1), "torch", "float64", with_array("losses", lambda v: v * (1 + 1e-8)))
    _, asked = climb(monkeypatch, records)
    assert [(backends, wanted) for _, backends, wanted in asked] == [(list(BACKENDS), [("float64", 1)])]


def test_what_differs_in_structure_is_not_looked_at_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    records = alter(
        train_all(Setting(), 1), "torch", "float64", with_array("initial_weights/dense/kernel", lambda w: w.T)
    )
    comparison, asked = climb(monkeypatch, records)
    assert asked == []
    assert np.all([f.stage == "initial weights" for f in comparison.first_failures(NAME, "float64")])
