"""A judge's computations on a submission's arrays are NumPy's, unless a result would be far larger than they are."""

import numpy as np
import pytest

from multibackend.course.answered import MOST_NUMBERS, Answered, TooMany, mark


@pytest.mark.parametrize(
    "compute",
    [
        lambda a: a + 1, lambda a: 1 - a, lambda a: a @ a.T, lambda a: a[0] @ a[1], lambda a: a @ a[0],
        lambda a: np.abs(a).max(axis=1), lambda a: np.add.outer(a, a), lambda a: a.reshape(-1)[::2], lambda a: a == a,
        lambda a: np.divmod(a, 2), lambda a: np.concatenate([a, a]), lambda a: np.mean(a), lambda a: a.astype("int8"),
        lambda a: np.array_equal(a, a), lambda a: a.sum(), lambda a: np.sort(a, axis=0),
        lambda a: np.multiply(a, 2, out=a.copy()),
    ],
)  # fmt: skip
def test_arithmetic_is_numpys(compute):
    plain = np.arange(6.0).reshape(2, 3)
    np.testing.assert_equal(compute(mark(plain)), compute(plain))


@pytest.mark.parametrize(
    "compute",
    [
        lambda side: mark(np.zeros((side, 1))) + mark(np.zeros((1, side))),
        lambda side: np.zeros((side, 1)) * mark(np.zeros((1, side))),
        lambda side: mark(np.zeros((side, 1))) @ np.zeros((1, side)),
        lambda side: np.multiply.outer(mark(np.zeros(side)), np.zeros(side)),
        lambda side: mark(np.zeros((side, 5, 1)) @ np.zeros((1, 1))) + mark(np.zeros((1, 1, side))),
    ],
)
def test_what_is_far_larger_than_its_parts_is_refused(compute):
    with pytest.raises(TooMany, match="numbers from"):
        compute(2 * int(MOST_NUMBERS**0.5))


def test_what_is_as_large_as_its_parts_is_computed():
    assert (mark(np.zeros(MOST_NUMBERS + 1, "uint8")) + np.uint8(1)).size == MOST_NUMBERS + 1


def test_arrays_within_data_are_marked():
    found = mark({"a": [np.zeros(2), (np.ones(1), "b", 3)]})
    assert isinstance(found["a"][0], Answered)
    assert isinstance(found["a"][1][0], Answered)
    assert found["a"][1][1:] == ("b", 3)
