"""Nothing is taken for right that isn't, whatever a submission answers."""

from __future__ import annotations

import numpy as np
import pytest

from multibackend.course.judging import (
    Unmet,
    expect,
    expect_between,
    expect_close,
    expect_equal,
    expect_one_of,
    point,
    points_of,
    show,
)
from multibackend.course.remote import Remote


class Equal:
    """Equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("got", "expected"),
    [(60, 60), (60.0, 60), ([30, 1], (30, 1)), ("relu", "relu"), (None, None), (True, True), ({"a": [1]}, {"a": [1]}),
     (np.array([1, 2]), np.array([1, 2]))],
)  # fmt: skip
def test_what_is_equal(got, expected):
    expect_equal(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [(45, 60), (True, 1), (1, True), ("60", 60), (None, 0), (Equal(), 60), (Remote(None, 3, "int"), 60),
     ([30], [30, 1]),
     ([30, 1, 2], [30, 1]), ({"a": 1, "b": 2}, {"a": 1}), (np.array([1.0]), 1), (float("nan"), float("nan")),
     (np.array([np.nan]), np.array([np.nan])), (np.array([[1, 2]]), np.array([1, 2])), (Equal(), [Equal()])],
)  # fmt: skip
def test_what_is_not_equal(got, expected):
    with pytest.raises(Unmet):
        expect_equal(got, expected)


def test_close_is_finite_of_the_same_shape_and_near():
    expect_close(1 + 1e-7, 1.0, 1e-6)
    expect_close(np.float32(1), 1.0, 1e-6)
    expect_close([[1, 2]], np.array([[1.0, 2.0]]), 1e-6)
    for got in (1.1, np.nan, [1.0], "1", None, Equal(), Remote(None, 1, "x"), [Remote(None, 1, "x")], [1.0, [2.0]]):
        with pytest.raises(Unmet):
            expect_close(got, 1.0, 1e-6)
    with pytest.raises(Unmet):
        expect_close(np.inf, np.inf, 1e-6)


def test_between_one_of_and_plain_conditions():
    expect_between(0.5, 0.4, 0.6)
    expect_between(np.array(0.5), 0.4, 0.6)
    expect_one_of("a", ["a", "b"])
    expect(True, "yes", "yes")
    expect(np.bool_(True), "yes", "yes")
    for attempt in (
        lambda: expect_between(0.7, 0.4, 0.6),
        lambda: expect_between(np.nan, 0.4, 0.6),
        lambda: expect_between(True, 0, 2),
        lambda: expect_between(Equal(), 0, 2),
        lambda: expect_one_of(Equal(), ["a"]),
        lambda: expect(Equal(), "yes", "?"),
        lambda: expect(Remote(None, 1, "bool"), "yes", "?"),
        lambda: expect(1, "yes", "?"),
        lambda: expect(False, "yes", "?"),
    ):
        with pytest.raises(Unmet):
            attempt()


def test_what_is_shown_is_short():
    assert show(0.1 + 0.2) == "0.3"
    assert show((1,)) == "(1,)"
    assert show(["a", 1.5]) == "['a', 1.5]"
    assert len(show("x" * 1000)) == 200
    assert len(show(np.zeros((50, 50)))) <= 200


def test_points_are_in_the_order_in_which_they_are_written():
    class Module:
        pass

    @point(marks=2)
    def second(student):
        pass

    @point()
    def first(student):
        pass

    Module.b, Module.a, Module.c = second, first, 3
    assert [(p.name, p.marks) for p in points_of(Module)] == [("second", 2), ("first", 1)]
    with pytest.raises(ValueError, match="at least 1"):
        point(marks=0)
