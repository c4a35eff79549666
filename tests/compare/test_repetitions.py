"""A repetition widens bounds only if it is one: a training from weights moved by one unit in the last place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.synthetic import Setting, alter, train, with_array

from multibackend.compare import compare_records
from multibackend.compare.repetitions import find_other_start

NAME = Setting().name


@pytest.fixture(scope="module")
def base():
    return train(Setting(), "jax", "float32")


def test_a_repetition_starts_from_neighbours(base):
    assert find_other_start(base, train(Setting(), "jax", "float32", 1)) is None


@pytest.mark.parametrize("change", [lambda v: v * np.float32(1.5), lambda v: v + np.float32(1e-5), np.zeros_like])
def test_other_weights_are_no_repetition(base, change):
    key = next(key for key in base.arrays if key.startswith("initial_weights/") and base.arrays[key].any())
    problem = find_other_start(base, with_array(key, change)(train(Setting(), "jax", "float32", 1)))
    assert problem is not None
    assert problem.where == key.split("/", 1)[1]


def test_nor_is_the_training_itself(base):
    problem = find_other_start(base, replace(base, run=replace(base.run, perturbation=1)))
    assert problem is not None
    assert "own weights" in problem.detail


def test_a_forged_repetition_widens_no_bound(records):
    """Late losses that are 1 % off, and repetitions that are wilder still."""

    def grow(factor):
        return with_array("losses", lambda v: (v * (1 + factor * np.linspace(0, 1, len(v)))).astype(v.dtype))

    forged = [
        with_array("initial_weights/dense/kernel", lambda v: v * np.asarray(1.5, v.dtype))(grow(0.04)(r))
        if r.run.perturbation
        else r
        for r in alter(records, "torch", "float32", grow(0.01))
    ]
    comparison = compare_records(forged, [NAME])
    assert not comparison.passed
    assert "of repetition" in " ".join(f.detail for f in comparison.first_failures(NAME, "float32"))
