"""The names under which arrays of equal paths are kept, in a record and in what it must hold."""

from __future__ import annotations

import pytest

from multibackend.compare.contents import number_paths
from multibackend.engine.state import unused


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a#2", "a#3"]),
        (["a", "a#2", "a"], ["a", "a#2", "a#3"]),
        (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
        (["a"] * 50_000, ["a", *(f"a#{k}" for k in range(2, 50_001))]),  # in a moment: each is named at once
    ],
    ids=["different", "the same", "named before", "named after", "many"],
)
def test_arrays_of_one_path_are_numbered_as_the_engine_does(paths, names):
    assert number_paths(paths) == names
    if len(paths) < 10:
        taken: dict[str, None] = {}
        for path in paths:
            taken[unused(taken, path)] = None
        assert list(taken) == names
