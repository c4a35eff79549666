"""State: the variables that training changes, their values and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def all_variables(model: Any) -> list[Any]:
    """Return every variable that training changes: weights, seed generators, optimizer slots, metrics."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]


def to_numpy(value: Any) -> np.ndarray:
    """Copy a tensor or a variable to a NumPy array."""
    import keras

    tensor = value.value if isinstance(value, keras.Variable) else value
    return np.array(keras.ops.convert_to_numpy(tensor))


def save_state(model: Any) -> list[np.ndarray]:
    """Return the values of all variables."""
    return [to_numpy(variable) for variable in all_variables(model)]


def restore_state(model: Any, state: list[np.ndarray]) -> None:
    """Give all variables back the values that `save_state` returned."""
    for variable, value in zip(all_variables(model), state, strict=True):
        variable.assign(value)


def by_path(variables: Iterable[Any], values: Iterable[T]) -> dict[str, T]:
    """Name values, one for each variable, by the variables' paths; a path that several share is numbered."""
    found: dict[str, T] = {}
    for variable, value in zip(variables, values, strict=True):
        found[unused(found, variable.path)] = value
    return found


def named(variables: list[Any]) -> dict[str, np.ndarray]:
    """Return each variable's value by its path; a path that several share is numbered."""
    return by_path(variables, map(to_numpy, variables))


def unused(taken: Mapping[str, Any], name: str) -> str:
    """Return `name`, or `name#2`, `name#3`, ... if it is taken."""
    if name not in taken:
        return name
    return next(f"{name}#{k}" for k in range(2, len(taken) + 3) if f"{name}#{k}" not in taken)
