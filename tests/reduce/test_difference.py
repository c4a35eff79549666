"""Partings: who is suspected, where, and in which precision, as results say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from multibackend import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.reduce.parting import find_parting, read_results


def finding(pair: tuple[str, str], stage: str, status: str, precision: str = "float64") -> dict[str, Any]:
    return {
        "experiment": "one",
        "pair": list(pair),
        "stage": stage,
        "status": status,
        "precision": precision,
        "detail": f"layer {stage}",
        "where": "",
    }


PAIRS = (("jax", "tensorflow"), ("jax", "torch"), ("tensorflow", "torch"))


def results(stage: str, failing: str, status: str = "fail") -> dict[str, Any]:
    found = [finding(pair, stage, status if failing in pair else "pass") for pair in PAIRS]
    later = [finding(pair, "step losses", "consequence" if failing in pair else "pass") for pair in PAIRS]
    return {"findings": [*found, *later]}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_backend_in_all_failing_pairs_is_suspected_at_the_first_stage(backend: str) -> None:
    parting = find_parting(results("gradients", backend), "one", BACKENDS)
    assert parting is not None
    assert (parting.suspects, parting.stage, parting.precisions) == ((backend,), "gradients", ("float64",))


def test_a_known_divergence_is_reduced_where_there_is_no_other() -> None:
    parting = find_parting(results("initial loss", "tensorflow", "known"), "one", BACKENDS)
    assert parting is not None
    assert parting.suspects == ("tensorflow",)


def test_where_all_part_all_are_suspected() -> None:
    found = {"findings": [finding(pair, "initial outputs", "fail") for pair in PAIRS]}
    parting = find_parting(found, "one", BACKENDS)
    assert parting is not None
    assert parting.suspects == BACKENDS


def test_nothing_that_parts_is_nothing_to_reduce() -> None:
    assert find_parting(results("gradients", "none"), "one", BACKENDS) is None


def test_results_that_say_nothing_of_it_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MultibackendError, match="nothing judged of 'two'"):
        find_parting(results("gradients", "jax"), "two", BACKENDS)
    (tmp_path / "results.json").write_text("[]", encoding="utf-8")
    with pytest.raises(MultibackendError, match="expected a results"):
        read_results(tmp_path / "results.json")
