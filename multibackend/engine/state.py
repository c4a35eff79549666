"""State: the variables that training changes, by name and by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def all_variables(model: Any) -> list[Any]:
    """Every variable that training changes: weights, seed generators, optimizer slots, metrics."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]


def to_numpy(value: Any) -> np.ndarray:
    """A tensor or variable as a NumPy array of its own."""
    import keras

    tensor = value.value if isinstance(value, keras.Variable) else value
    return np.array(keras.ops.convert_to_numpy(tensor))


def save_state(model: Any) -> list[np.ndarray]:
    """The values of all variables."""
    return [to_numpy(variable) for variable in all_variables(model)]


def restore_state(model: Any, state: list[np.ndarray]) -> None:
    """Give all variables back the values that `save_state` returned."""
    for variable, value in zip(all_variables(model), state, strict=True):
        variable.assign(value)


def named(variables: list[Any]) -> dict[str, np.ndarray]:
    """Each variable's value by its path; a path that several share is numbered."""
    values: dict[str, np.ndarray] = {}
    for variable in variables:
        values[unused(values, variable.path)] = to_numpy(variable)
    return values


def unused(taken: Mapping[str, Any], name: str) -> str:
    """`name`, or `name#2`, `name#3`, ... where it is taken."""
    if name not in taken:
        return name
    return next(f"{name}#{k}" for k in range(2, len(taken) + 3) if f"{name}#{k}" not in taken)
