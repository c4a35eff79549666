"""Differences: who is suspected, where, and in which precision, as a comparison's results say."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from multibackend import BACKENDS
from multibackend.compare.findings import Status
from multibackend.errors import MultibackendError
from multibackend.reduce.candidate import Call, Node
from multibackend.reduce.description import Description
from multibackend.reduce.difference import ReadFinding, find_difference, read_results
from multibackend.reduce.starts import order_nodes


def finding(pair: tuple[str, str], stage: str, status: Status, precision: Any = "float64") -> ReadFinding:
    return ReadFinding("one", precision, pair, stage, status, f"layer {stage}", (f"{stage}/kernel",))


PAIRS = (("jax", "tensorflow"), ("jax", "torch"), ("tensorflow", "torch"))


def results(stage: str, failing: str, status: Status = "fail") -> list[ReadFinding]:
    found = [finding(pair, stage, status if failing in pair else "pass") for pair in PAIRS]
    later = [finding(pair, "step losses", "consequence" if failing in pair else "pass") for pair in PAIRS]
    return [*found, *later]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_backend_in_all_failing_pairs_is_suspected_at_the_first_stage(backend: str) -> None:
    difference = find_difference(results("gradients", backend), "one", BACKENDS)
    assert difference is not None
    assert (difference.suspects, difference.stage, difference.precisions) == ((backend,), "gradients", ("float64",))


def test_a_known_divergence_is_reduced_where_there_is_no_other() -> None:
    difference = find_difference(results("initial loss", "tensorflow", "known"), "one", BACKENDS)
    assert difference is not None
    assert difference.suspects == ("tensorflow",)


def test_where_all_differ_all_are_suspected() -> None:
    found = [finding(pair, "initial outputs", "fail") for pair in PAIRS]
    difference = find_difference(found, "one", BACKENDS)
    assert difference is not None
    assert difference.suspects == BACKENDS


def test_without_a_difference_there_is_nothing_to_reduce() -> None:
    assert find_difference(results("gradients", "none"), "one", BACKENDS) is None


def test_its_places_are_those_of_the_first_stage_alone() -> None:
    difference = find_difference(results("gradients", "jax"), "one", BACKENDS)
    assert difference is not None
    assert (difference.places, difference.detail) == (("gradients/kernel",), "layer gradients")


def test_float64_decides_and_a_script_is_tried_in_float32_first() -> None:
    single = [replace(one, precision="float32", stage="initial outputs") for one in results("gradients", "torch")]
    difference = find_difference([*single, *results("gradients", "torch")], "one", BACKENDS)
    assert difference is not None
    assert (difference.stage, difference.precisions) == ("gradients", ("float32", "float64"))


@pytest.mark.parametrize("count", [2, 4, 5])
def test_any_number_of_participants_has_its_suspects(count: int) -> None:
    names = tuple("abcde"[:count])
    found = [finding(pair, "gradients", "fail" if "b" in pair else "pass") for pair in combinations(names, 2)]
    difference = find_difference(found, "one", names)
    assert difference is not None
    assert difference.suspects == (names if count == 2 else ("b",))  # two accuse each other


def test_results_that_say_nothing_of_it_are_an_error() -> None:
    with pytest.raises(MultibackendError, match="nothing is judged of 'two'"):
        find_difference(results("gradients", "jax"), "two", BACKENDS)
    absent = [replace(one, status="not judged") for one in results("gradients", "jax")]
    with pytest.raises(MultibackendError, match="nothing is judged of 'one'"):
        find_difference(absent, "one", BACKENDS)


def test_a_comparisons_own_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    found = {**asdict(results("gradients", "jax")[0]), "measured": "inf", "bound": 1e-10, "where": "a", "step": 0}
    path.write_text(json.dumps({"passed": False, "findings": [found]}), encoding="utf-8")
    assert read_results(path) == (results("gradients", "jax")[0],)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "Expected `object`"),
        ("{}", "missing required field `findings`"),
        ('{"findings": [{}]}', r"\$.findings\[0\]"),
        ('{"findings": [', "truncated"),
    ],
)
def test_another_file_is_refused_with_what_to_give(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(MultibackendError, match=said) as refused:
        read_results(tmp_path / "results.json")
    assert "give a results.json that `multibackend parity` wrote" in str(refused.value)


def test_the_layers_that_a_place_names_are_tried_first() -> None:
    nodes = tuple(Node(name, Call("keras.layers.Dense"), ()) for name in "abcd")
    paths = {"a": "net/hidden", "b": "net/output", "c": "net/hidden_2", "d": "net/inner/last"}
    description = Description(
        nodes=nodes, paths=paths, reads={}, arrays={}, heads=(), optimizer=None, metrics=(), initializers=(),
        weighted=False, definitions={}, problems=(),
    )  # fmt: skip
    assert order_nodes(description, ()) == [0, 1, 2, 3]
    assert order_nodes(description, ["net/output/kernel"]) == [1, 0, 2, 3]
    assert order_nodes(description, ["adam/net_hidden_2_kernel_velocity"]) == [2, 0, 1, 3]
    assert order_nodes(description, ["net/inner/last", "net/output"])[0] == 3
