"""Experiments: what they refuse, and how a user's words become names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from multibackend import Dataset, MultibackendError, Plan, Split
from multibackend.experiments.arrays import leaves, map_arrays, map_named
from multibackend.experiments.catalogue import select_experiments
from multibackend.experiments.experiment import name_file, shorten_name
from multibackend.train.load import load_experiment


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


class Table:
    """What is an array for those who ask, as pandas' tables and frameworks' tensors are."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.shape = values.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values


PLAIN = np.arange(6.0).reshape(3, 2)
MASKED = np.ma.masked_array(PLAIN, mask=PLAIN > 4)

READ = [
    # given, what it must be, words of the note ("" for none)
    (PLAIN, PLAIN, ""),
    (PLAIN[::-1], PLAIN[::-1], ""),
    (PLAIN.T[:, ::2], PLAIN.T[:, ::2], ""),
    (PLAIN > 2, PLAIN > 2, ""),
    (PLAIN.astype("int8"), PLAIN.astype("int8"), ""),
    (PLAIN.astype("float16"), PLAIN.astype("float32"), "inputs: float16, taken as float32"),
    (PLAIN.astype(">f8"), PLAIN, ""),
    (PLAIN.astype("longdouble"), PLAIN, f"inputs: {np.dtype('longdouble')}, taken as float64"),
    (np.array([0, 2**16 - 1], "uint16"), np.array([0, 2**16 - 1], "int32"), "inputs: uint16, taken as int32"),
    (np.array([0, 2**32 - 1], "uint32"), np.array([0, 2**32 - 1]), "inputs: uint32, taken as int64"),
    (np.array([0, 2**63 - 1], "uint64"), np.array([0, 2**63 - 1]), "inputs: uint64, taken as int64"),
    (np.ma.masked_array(PLAIN), PLAIN, "inputs: a numpy MaskedArray, taken as an array of shape (3, 2), float64"),
    (np.matrix(PLAIN), PLAIN, "inputs: a numpy matrix, taken as an array"),
    ([1.0, 2.0, 3.0], np.array([1.0, 2.0, 3.0]), "inputs: a list, taken as an array of shape (3,), float64"),
    ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]), "inputs: a list, taken as an array of shape (2, 2), int64"),
    (((1, 2), (3, 4)), np.array([[1, 2], [3, 4]]), "inputs: a tuple, taken as an array"),
    (list(np.float32([1, 2])), np.array([1, 2], "float32"), "inputs: a list, taken as an array of shape (2,), float32"),
    (Table(PLAIN), PLAIN, "inputs: a test_experiment Table, taken as an array"),
    (range(3), np.arange(3), "inputs: a range, taken as an array"),
]


@pytest.mark.parametrize(("given", "expected", "note"), READ)
def test_what_is_no_plain_array_is_read_and_it_is_said(given: Any, expected: np.ndarray, note: str) -> None:
    rows = len(expected)
    split = Split(given, np.zeros(rows))
    assert type(split.inputs) is np.ndarray
    assert (split.inputs.dtype, split.inputs.dtype.isnative) == (expected.dtype, True)
    np.testing.assert_array_equal(split.inputs, expected)
    assert split.inputs.flags.c_contiguous
    assert [note in said for said in split.notes] == ([True] if note else [])
    assert split.take(slice(1)).notes == split.astype("float64").notes == split.notes


REFUSED = [
    (MASKED, "inputs has 1 masked values"),
    ([MASKED, PLAIN], "inputs.0 has 1 masked values"),
    (np.array([2**63], "uint64"), "is uint64 with 9223372036854775808"),
    (np.array([1j]), "complex numbers"),
    (np.array(["2020-01-01"], "datetime64[D]"), "dates"),
    (np.array([3], "timedelta64[s]"), "durations"),
    (np.array([(1, 2.0)], "i4,f8"), "records"),
    ([[1, 2], [3]], "is a list, which is no array"),
    ([PLAIN, None], "inputs.1 holds objects"),
    (Table(np.array([[1.0, "x"]], object)), "objects"),
    (scipy.sparse.csr_matrix(PLAIN), "is sparse"),
    ((x for x in PLAIN), "objects"),
    ([], "at least one row"),
    (np.zeros((3, 0)), "a value in it"),
    ({"a": np.array([b"x"])}, "inputs.a holds bytes"),
]
if np.finfo("longdouble").max > np.finfo("float64").max:
    REFUSED.append((np.array([np.finfo("longdouble").max]), "beyond float64's"))


@pytest.mark.parametrize(("given", "words"), REFUSED)
def test_what_cannot_be_read_alike_is_refused_in_a_line(given: Any, words: str) -> None:
    with pytest.raises(MultibackendError) as caught:
        Split(given, np.zeros(1))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40 + 5])
def test_integers_that_jax_would_cut_are_refused_beside_float32(value: int) -> None:
    split = Split(np.array([0, value]), np.zeros(2))
    assert split.astype("float64").inputs[1] == value  # type: ignore[index]
    with pytest.raises(MultibackendError, match=rf"inputs holds the integer {value}, .* less than 2\*\*31"):
        split.astype("float32")
    assert Split(np.array([-(2**31), 2**31 - 1]), np.zeros(2)).astype("float32").rows == 2


def test_structures_are_kept() -> None:
    assert map_arrays(np.sum, None) is None
    assert map_named(lambda name, value: name + value, {"a": "x", 1: "y"}) == {"a": "ax", 1: "1y"}
    assert map_named(lambda name, value: name + value, ("x", "y")) == ["0x", "1y"]
    assert map_named(lambda name, value: name + value, "x") == "x"
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
