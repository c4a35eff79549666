"""State: variables' values by their names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from multibackend.engine.state import by_path


def test_values_are_named_by_their_variables_paths_in_order() -> None:
    variables = [SimpleNamespace(path=path) for path in ("b/kernel", "a/kernel", "b/kernel", "b/kernel")]
    named = by_path(variables, iter("wxyz"))
    assert list(named.items()) == [("b/kernel", "w"), ("a/kernel", "x"), ("b/kernel#2", "y"), ("b/kernel#3", "z")]


def test_a_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        by_path([SimpleNamespace(path="a"), SimpleNamespace(path="b")], ["x"])
