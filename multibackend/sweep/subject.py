"""Subjects: what a case calls, its inputs, and a layer's weights; of Keras this needs the public names alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np

from multibackend import draws
from multibackend.draws.order import make_generator
from multibackend.engine.state import to_numpy
from multibackend.sweep.case import Case, Make, replace_arrays

WEIGHTS_STREAM, PERTURBATION_STREAM = 1000, 3000
"""Keys of a case's random numbers, beside those of its inputs; `runners.py` has others."""


def draw_inputs(case: Case, precision: str, repetition: int, batch: int = 0) -> list[np.ndarray]:
    """Draw a case's arrays in a precision; repetition 1 moves those that may be moved by one unit in the last place."""
    arrays = []
    for i, (array, drawn) in enumerate(zip(case.arrays, case.draw(batch), strict=True)):
        value = drawn if array.dtype or drawn.dtype.kind != "f" else drawn.astype(precision)
        if repetition and case.movable[i]:
            value = draws.perturb(value, case.stream, PERTURBATION_STREAM + i)
        arrays.append(value)
    return arrays


def make(value: Any) -> Any:
    """Build everything in a configuration that is to be built."""
    if isinstance(value, Make):
        found = find(value.path)
        return found if value.config is None else found(**make(dict(value.config)))
    if isinstance(value, dict):
        return {key: make(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(make(part) for part in value)
    return value


def find(path: str) -> Any:
    """Return what a path below `keras` names."""
    return reduce(getattr, path.split("."), keras)


def make_subject(case: Case) -> Any:
    """Make what a case calls: an object of its class, or its function with the configuration given."""
    found = find(case.target)
    config = make(dict(case.config))
    if isinstance(found, type):
        return found(**config)
    return lambda *args, **kwargs: found(*args, **config, **kwargs)


def list_arguments(case: Case, values: list[Any]) -> list[Any]:
    """Return the positional arguments of a call, from the values of all of a case's arrays."""
    inputs = values[: len(case.inputs)]
    return [inputs] if case.listed else inputs


def make_keywords(case: Case, values: list[Any]) -> dict[str, Any]:
    """Return the keyword arguments of a call, from the values of all of a case's arrays."""
    keywords: dict[str, Any] = replace_arrays(make(dict(case.call)), iter(values[len(case.inputs) :]))
    return keywords


def call_subject(subject: Callable[..., Any], case: Case, values: list[Any]) -> list[Any]:
    """Call a subject on its inputs, or on so many of them at a time as `each` says; return all outputs."""
    args, kwargs = list_arguments(case, values), make_keywords(case, values)
    size = case.each or len(args)
    calls = [subject(*args[i : i + size], **kwargs) for i in range(0, max(len(args), 1), max(size, 1))]
    return [output for output in keras.tree.flatten(calls) if output is not None]


def build_layer(layer: Any, case: Case, arrays: list[np.ndarray], repetition: int) -> None:
    """Give a layer the weights that NumPy draws for its initializers, off by up to 0.1 so that none is trivial."""
    symbols = [keras.KerasTensor(a.shape, dtype=a.dtype.name) for a in arrays]
    call_subject(layer, case, symbols)
    for i, variable in enumerate(select_floating(layer.weights)):
        g = make_generator(case.stream, WEIGHTS_STREAM, i)
        values = (to_numpy(variable) + 0.1 * g.random(variable.shape)).astype("float32")
        moved = values.astype(to_numpy(variable).dtype)
        if repetition:
            moved = draws.perturb(moved, case.stream, PERTURBATION_STREAM + WEIGHTS_STREAM + i)
        variable.assign(moved)


def select_floating(variables: list[Any]) -> list[Any]:
    """Return the variables that hold floating-point numbers."""
    return [variable for variable in variables if "float" in keras.backend.standardize_dtype(variable.dtype)]
