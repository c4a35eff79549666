"""The judge: one backend off and the others agreed is a failure, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from multibackend.reduce.candidate import Candidate
from multibackend.reduce.judge import Failure
from multibackend.reduce.judge import judge as judge_setups
from multibackend.reduce.oracle import Got
from multibackend.reduce.setup import Setup

TRUTH = np.linspace(0.5, 2.0, 7)
OUTPUT = Candidate("output")


def judge(candidate: Candidate, results: dict[str, Got], faulty: str) -> Failure | None:
    """Judge what each backend gave, none of them bare."""
    return judge_setups(candidate, {Setup(backend): got for backend, got in results.items()}, Setup(faulty))


def results(**changed: object) -> dict[str, object]:
    return {"jax": TRUTH, "tensorflow": TRUTH * (1 + 1e-7), "torch": TRUTH} | changed


def test_backends_that_agree_to_rounding_do_not_fail() -> None:
    for suspect in ("jax", "tensorflow", "torch"):
        assert judge(OUTPUT, results(), suspect) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [1.001, 0.0, np.nan, np.inf])
def test_an_altered_element_fails_and_is_named(wrong: float) -> None:
    altered = TRUTH.copy()
    altered[5] *= wrong
    failure = judge(OUTPUT, results(torch=altered), "torch")  # type: ignore[arg-type]
    assert failure is not None
    assert failure.elements == (5,)
    assert failure.expected[0] == pytest.approx(TRUTH[5], rel=1e-6)
    assert failure.tolerance < 1e-5
    assert judge(OUTPUT, results(torch=altered), "jax") is None  # type: ignore[arg-type]


def test_where_the_others_disagree_as_much_nothing_is_said() -> None:
    assert judge(OUTPUT, results(torch=TRUTH * 1.001, jax=TRUTH * 0.999), "torch") is None  # type: ignore[arg-type]


def test_an_error_another_shape_or_a_healthy_nan_is_no_failure() -> None:
    assert judge(OUTPUT, results(torch="ValueError: no"), "torch") is None  # type: ignore[arg-type]
    assert judge(OUTPUT, results(torch=TRUTH[:3]), "torch") is None  # type: ignore[arg-type]
    assert judge(OUTPUT, results(torch=TRUTH * 2, jax=TRUTH * np.nan), "torch") is None  # type: ignore[arg-type]


def test_float64_sees_what_float32_takes_for_rounding() -> None:
    off = {"jax": TRUTH, "tensorflow": TRUTH, "torch": TRUTH * (1 + 1e-7)}
    assert judge(OUTPUT, off, "torch") is None
    assert judge(OUTPUT.but(precision="float64"), off, "torch") is not None


def test_a_statistic_may_differ_by_its_sampling_error() -> None:
    drawn = {"jax": np.array([0.5]), "tensorflow": np.array([0.5005]), "torch": np.array([0.501])}
    assert judge(Candidate("statistics"), drawn, "torch") is None
    assert judge(Candidate("statistics"), drawn | {"torch": np.array([0.55])}, "torch") is not None


def test_random_initial_weights_are_not_compared_with_one_another() -> None:
    drawn = {"jax": np.array([0.1, 1.0]), "tensorflow": np.array([0.2, 1.0]), "torch": np.array([0.3, 1.0])}
    assert judge(Candidate("weights"), drawn, "torch") is None
    failure = judge(Candidate("weights"), drawn | {"torch": np.array([0.3, 0.0])}, "torch")
    assert failure is not None
    assert failure.expected[1] == 1.0


def test_a_loss_near_zero_may_differ_by_the_rounding_of_numbers_about_one() -> None:
    near = {"jax": np.array([1.2e-7]), "tensorflow": np.array([0.0]), "torch": np.array([1.2e-7])}
    assert judge(Candidate("evaluate"), near, "tensorflow") is None
    assert judge(OUTPUT, near, "tensorflow") is not None
    assert judge(Candidate("evaluate"), near | {"tensorflow": np.array([2e-5])}, "tensorflow") is not None
