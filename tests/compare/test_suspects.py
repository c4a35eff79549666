"""Suspects: whoever is in every differing pair is named alone; else everybody whom the pairs name."""

from itertools import combinations

import pytest

from multibackend.compare.suspects import describe_suspects, find_suspects


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("faulty", [0, 1])
def test_one_that_differs_from_all_others_is_named_alone(count: int, faulty: int) -> None:
    names = [f"backend{i}" for i in range(count)]
    pairs = [pair for pair in combinations(names, 2) if names[faulty] in pair]
    expected = (names[faulty],) if count > 2 else tuple(names)
    assert find_suspects(pairs) == expected
    words = f"{names[faulty]} differs" if count > 2 else "backend0 and backend1 differ"
    assert describe_suspects(find_suspects(pairs), names) == words


@pytest.mark.parametrize(("count", "words"), [(3, "all 3 differ"), (4, "all 4 differ"), (5, "all 5 differ")])
def test_where_nobody_agrees_with_anybody_all_are_named(count: int, words: str) -> None:
    names = [f"backend{i}" for i in range(count)]
    assert find_suspects(combinations(names, 2)) == tuple(names)
    assert describe_suspects(names, names) == words


def test_two_camps_are_listed() -> None:
    pairs = [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]
    assert find_suspects(pairs) == ("a", "b", "c", "d")
    assert describe_suspects(find_suspects(pairs), "abcde") == "a, b, c and d differ"


def test_no_pair_accuses_nobody() -> None:
    assert find_suspects([]) == ()
