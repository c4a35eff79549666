"""Experiments: what they refuse, and how a user's words become names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multibackend import Dataset, MultibackendError, Plan, Split
from multibackend.catalogue import load_experiment, select_experiments
from multibackend.experiment import leaves, map_arrays, name_file, shorten_name


def test_a_split_knows_its_rows_and_takes_some() -> None:
    split = Split({"a": np.arange(6.0), "b": np.arange(12).reshape(6, 2)}, [np.arange(6)], [np.ones(6)])
    assert split.rows == 6
    taken = split.take(np.array([4, 1]))
    np.testing.assert_array_equal(taken.inputs["b"], [[8, 9], [2, 3]])  # type: ignore[call-overload]
    np.testing.assert_array_equal(taken.targets[0], [4, 1])
    assert taken.rows == 2


def test_only_floating_point_is_cast() -> None:
    split = Split(np.arange(3.0), np.arange(3)).astype("float32")
    assert [array.dtype for part in (split.inputs, split.targets) for _, array in leaves(part)] == ["float32", "int64"]


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [
        (np.zeros((3, 2)), np.zeros(4), "inputs: 3, targets: 4"),
        ({"a": np.zeros(3)}, {"b": np.zeros(2)}, "inputs.a: 3, targets.b: 2"),
        (np.array(["x", "y"]), np.zeros(2), "expected numbers"),
        (np.array([{}, {}]), np.zeros(2), "expected numbers"),
        (np.zeros((0, 2)), np.zeros(0), "at least one row"),
        (np.float64(3), np.zeros(1), "at least one row"),
    ],
)
def test_data_that_do_not_fit_are_refused_in_one_line(inputs: Any, targets: Any, words: str) -> None:
    with pytest.raises(MultibackendError, match=words) as caught:
        Split(inputs, targets)
    assert "\n" not in str(caught.value)


def test_structures_are_kept() -> None:
    assert map_arrays(np.sum, None) is None
    assert map_arrays(np.sum, {"a": np.ones(3)}) == {"a": 3.0}
    assert map_arrays(np.sum, (np.ones(3), np.ones(2))) == [3.0, 2.0]


def test_a_plan_counts_steps_with_a_partial_batch() -> None:
    assert Plan(epochs=1, batch_size=64).steps_per_epoch(45_000) == 704
    assert Plan(epochs=1, batch_size=32, training_rows=100).steps_per_epoch(45_000) == 4
    assert Plan(epochs=1, batch_size=32, training_rows=100).steps_per_epoch(40) == 2


def test_a_plan_limits_rows_by_copies() -> None:
    rows = np.arange(10.0)
    data = Dataset(Split(rows, rows), Split(rows, rows), Split(rows, rows))
    limited = Plan(epochs=1, batch_size=2, training_rows=4, evaluation_rows=3).limit(data)
    assert limited.validation is not None
    assert (limited.training.rows, limited.test.rows, limited.validation.rows) == (4, 3, 3)
    assert not np.shares_memory(limited.training.inputs, rows)
    assert Plan(epochs=1, batch_size=2, training_rows=40).limit(data).training.rows == 10


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": 0}, {"training_rows": -1}, {"evaluation_rows": -1}])
def test_a_plan_that_trains_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(MultibackendError, match="expected epochs and batch_size of at least 1"):
        Plan(**{"epochs": 1, "batch_size": 1, **wrong})


def test_an_exercise_stands_for_its_experiments() -> None:
    assert select_experiments(["a5", "B9", "A5-raw"]) == ["A5-raw", "A5-standardised", "B9"]
    assert select_experiments([])[0] == "A5-raw"
    assert "B9" in select_experiments([])


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(MultibackendError, match="unknown experiment 'B93'; nearest: B9"):
        select_experiments(["B93"])


def test_a_file_is_named_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.py").write_text("experiment = 3")
    monkeypatch.chdir(tmp_path)
    assert select_experiments([f"{tmp_path}/models/net.py:experiment"]) == ["models/net.py:experiment"]
    monkeypatch.chdir(tmp_path / "models")
    assert select_experiments(["../models/net.py:experiment"]) == ["net.py:experiment"]
    monkeypatch.chdir("/")
    (reference,) = select_experiments([f"{tmp_path}/models/net.py:experiment"])
    assert shorten_name(reference) == "net.py:experiment"
    assert "models-net.py-experiment~" in name_file(reference)
    with pytest.raises(MultibackendError, match="no file"):
        select_experiments(["nowhere.py:experiment"])
    with pytest.raises(MultibackendError, match="'experiment' is int; expected an Experiment"):
        load_experiment(f"{tmp_path}/models/net.py:experiment")
