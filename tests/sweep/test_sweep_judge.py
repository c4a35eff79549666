"""The sweep's comparer on made-up results: what agrees passes, and each way of differing is found for what it is."""

from __future__ import annotations

import numpy as np
import pytest
from altered import alter

from multibackend import BACKENDS
from multibackend.compare.suspects import find_suspects
from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array
from multibackend.sweep.judge import Finding, judge_all
from multibackend.sweep.results import Outcome

PRECISIONS = ("float64", "float32")


def judge(case: Case, outcomes: list[Outcome]) -> list[Finding]:
    verdicts = judge_all([case], outcomes, BACKENDS, PRECISIONS)
    assert len(verdicts) == 2
    return [finding for verdict in verdicts for finding in verdict.findings]


def value_of(outcomes: list[Outcome], precision: str, key: str = "forward/0") -> np.ndarray:
    return next(np.array(o.arrays[key]) for o in outcomes if (o.backend, o.precision) == ("torch", precision))


def test_what_agrees_to_rounding_passes(case: Case, outcomes: list[Outcome]) -> None:
    assert judge(case, outcomes) == []


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("key", "stage"), [("forward/0", "forward"), ("gradient/input 0", "gradient")])
def test_another_value_is_found(case: Case, outcomes: list[Outcome], precision: str, key: str, stage: str) -> None:
    off = value_of(outcomes, precision, key) * (1 + (1e-9 if precision == "float64" else 1e-4))
    found = judge(case, alter(outcomes, "torch", precision, arrays={key: off.astype(precision)}))
    assert {(f.precision, f.stage, f.kind) for f in found} == {(precision, stage, "value")}
    assert find_suspects(f.pair for f in found) == ("torch",)
    assert all(f.measured is not None and f.bound is not None and f.measured > f.bound for f in found)


def test_a_faulty_backend_does_not_widen_its_own_bound(case: Case, outcomes: list[Outcome]) -> None:
    off = value_of(outcomes, "float32") * np.float32(1.001)
    far = off * np.float32(2)
    found = judge(case, alter(outcomes, "torch", "float32", arrays={"forward/0": off}, moved={"forward/0": far}))
    assert {f.pair for f in found} == {("jax", "torch"), ("tensorflow", "torch")}


def test_an_ill_conditioned_result_is_no_finding(case: Case, outcomes: list[Outcome]) -> None:
    """Where moving the inputs by rounding moves everyone's result by 1e-3, so may the backends differ."""
    g = np.random.default_rng(1)
    for backend in BACKENDS:
        for precision in PRECISIONS:
            now = value_of(outcomes, precision)
            moved = (now * (1 + 1e-3 * g.uniform(-1, 1, now.shape))).astype(precision)
            outcomes = alter(outcomes, backend, precision, moved={"forward/0": moved})
    off = (value_of(outcomes, "float64") * (1 + 1e-4)).astype("float64")
    assert judge(case, alter(outcomes, "torch", "float64", arrays={"forward/0": off})) == []
    far = (value_of(outcomes, "float64") * (1 + 1e-1)).astype("float64")
    assert judge(case, alter(outcomes, "torch", "float64", arrays={"forward/0": far}))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found(case: Case, outcomes: list[Outcome], bad: float) -> None:
    values = value_of(outcomes, "float32")
    values[1, 1] = bad
    found = judge(case, alter(outcomes, "torch", "float32", arrays={"forward/0": values}))
    assert {f.kind for f in found} == {"not finite"}
    assert find_suspects(f.pair for f in found) == ("torch",)


def test_what_is_infinite_in_the_same_places_agrees_and_the_rest_is_compared(
    case: Case, outcomes: list[Outcome]
) -> None:
    for backend in BACKENDS:
        for precision in PRECISIONS:
            arrays = next(o.arrays for o in outcomes if (o.backend, o.precision) == (backend, precision))
            values = np.array(arrays["forward/0"])
            values[1, 1] = np.inf
            outcomes = alter(outcomes, backend, precision, arrays={"forward/0": values})
    assert judge(case, outcomes) == []
    off = value_of(outcomes, "float64")
    off[0, 0] += 1e-3
    assert {f.kind for f in judge(case, alter(outcomes, "torch", "float64", arrays={"forward/0": off}))} == {"value"}


def test_another_shape_is_found(case: Case, outcomes: list[Outcome]) -> None:
    found = judge(case, alter(outcomes, "jax", "float64", arrays={"forward/0": np.zeros((4, 1))}))
    assert {f.kind for f in found} == {"shape"}
    assert find_suspects(f.pair for f in found) == ("jax",)


def test_another_dtype_is_found(case: Case, outcomes: list[Outcome]) -> None:
    found = judge(case, alter(outcomes, "jax", "float32", dtypes={"forward/0": "bfloat16"}))
    assert {f.kind for f in found} == {"dtype"}
    assert find_suspects(f.pair for f in found) == ("jax",)


def test_a_narrower_dtype_is_no_excuse_in_float64(case: Case, outcomes: list[Outcome]) -> None:
    narrow = value_of(outcomes, "float64").astype("float32")
    changes = {"arrays": {"forward/0": narrow}, "dtypes": {"forward/0": "float32"}}
    found = judge(case, alter(outcomes, "torch", "float64", **changes))
    assert {f.kind for f in found} == {"dtype", "value"}


def test_a_missing_array_is_found(case: Case, outcomes: list[Outcome]) -> None:
    lacking = [
        Outcome(o.case, o.backend, o.precision, arrays={"forward/0": o.arrays["forward/0"]})
        if (o.backend, o.precision) == ("jax", "float64")
        else o
        for o in outcomes
    ]
    assert {(f.kind, f.stage) for f in judge(case, lacking)} == {("missing", "gradient")}


def test_who_raises_alone_is_found_and_the_others_are_compared(case: Case, outcomes: list[Outcome]) -> None:
    raising = alter(outcomes, "tensorflow", "float64", error="ValueError: no")
    found = judge(case, raising)
    assert {f.kind for f in found} == {"raises"}
    assert find_suspects(f.pair for f in found) == ("tensorflow",)
    off = value_of(outcomes, "float64") + 1
    assert {f.kind for f in judge(case, alter(raising, "torch", "float64", arrays={"forward/0": off}))} == {
        "raises",
        "value",
    }


def test_what_raises_everywhere_is_unsupported(case: Case, outcomes: list[Outcome]) -> None:
    for backend in BACKENDS:
        outcomes = alter(outcomes, backend, "float64", error="ValueError: no")
    verdict = judge_all([case], outcomes, BACKENDS, ["float64"])[0]
    assert verdict.unsupported
    assert not verdict.findings


def test_a_missing_result_is_found(case: Case, outcomes: list[Outcome]) -> None:
    left = [o for o in outcomes if (o.backend, o.precision) != ("jax", "float64")]
    assert {f.kind for f in judge(case, left)} == {"no result"}
    assert {f.kind for f in judge(case, [])} == {"no result"}


def test_eager_and_compiled_are_compared_on_each_backend(case: Case) -> None:
    values = np.ones((2, 2), "float32")
    arrays = {"eager/0": values, "compiled/0": values}
    outcomes = [Outcome(str(case), b, "float32", arrays=arrays) for b in BACKENDS]
    assert judge_all([case], outcomes, BACKENDS, ["float32"])[0].findings == ()
    altered = alter(outcomes, "jax", "float32", arrays={"compiled/0": values * np.float32(1.001)})
    kinds = {(f.kind, f.pair) for f in judge_all([case], altered, BACKENDS, ["float32"])[0].findings}
    assert ("mode", ("jax", "jax")) in kinds
    assert not any(kind == "mode" and pair != ("jax", "jax") for kind, pair in kinds)


def test_rounding_of_terms_that_cancel_is_no_finding_and_more_is() -> None:
    """A result of 1e-14 from inputs about 1: another 1e-15 is rounding of these, another 1e-12 is not."""
    case = Case("activations.tanh_shrink", {}, (Array("normal", (4,)),))
    for difference, expected in ((1e-15, set()), (1e-12, {"value"})):
        outcomes = [Outcome(str(case), b, "float64", arrays={"forward/0": np.full(4, 1e-14)}) for b in BACKENDS]
        altered = alter(outcomes, "torch", "float64", arrays={"forward/0": np.full(4, 1e-14 + difference)})
        found = judge_all([case], altered, BACKENDS, ["float64"])[0].findings
        assert {f.kind for f in found} == expected
