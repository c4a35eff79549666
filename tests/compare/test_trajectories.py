from dataclasses import replace

import numpy as np
import pytest
from fakes.synthetic import PRECISIONS, Setting, alter, train_all, with_array

from multibackend.compare import compare_records, follow_losses, gather_ensembles

NAME = "A5-raw"


def test_a_training_that_is_meant_to_diverge_and_does_passes_as_such(diverging):
    comparison = compare_records(diverging, None)
    assert comparison.passed
    for precision in PRECISIONS:
        assert comparison.verdict(NAME, precision) == "diverged as meant"
        for stage in ("step losses", "converged loss", "test metrics"):
            assert {f.status for f in comparison.select(NAME, precision, stage)} == {"diverged as meant"}
        assert {f.status for f in comparison.select(NAME, precision, "gradients")} == {"pass"}


def finite(losses):
    return np.linspace(1, 2, len(losses)).astype(losses.dtype)


def unfinite(losses):
    return np.full_like(losses, np.nan)


def prefix_apart(losses):
    losses[1] *= 1.01
    return losses


def later(losses):
    losses[:10] = np.geomspace(losses[0], 1e30, 10)
    return losses


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (finite, "stayed below 3.4e38 for all 12 steps"),
        (unfinite, "some of these"),
        (prefix_apart, "step 2"),
        (later, "different steps"),
        (lambda v: v[:-1], "(11,); expected"),
    ],
)
def test_a_divergence_that_is_not_the_same_fails(diverging, precision, change, words):
    comparison = compare_records(alter(diverging, "jax", precision, with_array("losses", change)), None)
    failures = comparison.first_failures(NAME, precision)
    assert {finding.pair for finding in failures} == {("jax", "tensorflow"), ("jax", "torch")}
    assert all(finding.stage == "step losses" and words in finding.detail for finding in failures)


def test_divergence_that_nobody_meant_agrees_with_nothing(diverging):
    plain = [replace(record, diverges=False) for record in diverging]
    comparison = compare_records(plain, None)
    assert comparison.verdict(NAME, "float64") == "all 3 differ at step losses"


def test_an_experiment_meant_to_diverge_that_converges_fails():
    tame = [replace(record, diverges=True) for record in train_all(Setting(), repetitions=0)]
    comparison = compare_records(tame, None)
    assert {f.status for f in comparison.select("E4-standardised", stage="step losses")} == {"fail"}
    assert {f.status for f in comparison.select("E4-standardised", stage="test metrics")} == {"consequence"}


def test_losses_are_followed_until_either_diverges(diverging):
    ensemble = gather_ensembles(diverging)[NAME]
    followed = follow_losses(ensemble, "float64", ("jax", "torch"))
    assert followed is not None
    assert len(followed.measured) == len(followed.bound) == 2
    assert follow_losses(ensemble, "float16", ("jax", "torch")) is None
