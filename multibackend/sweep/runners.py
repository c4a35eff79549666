"""Runners: what is done with a case's subject, for each way of running one, to arrays by name.

Names are `STAGE/WHAT`: `forward` and `state` what a call gives and leaves behind, `gradient`, `update` and `slot` of
steps, `eager` and `compiled` of the two modes. Of Keras this module needs the public names alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from multibackend import draws
from multibackend.draws.order import make_generator
from multibackend.engine.backends import get_engine
from multibackend.engine.contract import to_numpy
from multibackend.sweep.case import Array, Case
from multibackend.sweep.subject import (
    WEIGHTS_STREAM,
    build_layer,
    call_subject,
    draw_inputs,
    find,
    make,
    make_subject,
    move_input,
    read_arguments,
    select_floating,
)

STEPS = 4
"""Of an optimizer, and of a training."""

SEED = 1
"""Of what Keras draws while a case is built."""

COTANGENT_STREAM, TARGETS_STREAM = 2000, 4000
"""Keep apart what is drawn for a case beside its inputs; see also `subject.py`."""


@dataclass
class Result:
    """A case's arrays by name, and the dtype that each had on its backend (NumPy has no bfloat16)."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:
        """Keep a tensor, variable or NumPy array."""
        dtype = keras.backend.standardize_dtype(value.dtype) if hasattr(value, "dtype") else type(value).__name__
        array = np.asarray(value) if isinstance(value, np.ndarray | float | int) else to_numpy(value)
        if array.dtype.kind == "c":
            array = np.stack([array.real, array.imag])
        if array.dtype.kind not in "biuf":
            array = array.astype(np.float32)
        self.arrays[name] = array
        self.dtypes[name] = dtype


def _differentiate(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    result, names, dtypes = Result(), list[str](), list[str]()
    with draws.initial_weights(SEED):
        subject = make_subject(case)
        is_layer = isinstance(subject, keras.layers.Layer)
        if is_layer:
            build_layer(subject, case, arrays, repetition)
    variables = select_floating(subject.trainable_variables) if is_layer else []
    others = select_floating(subject.non_trainable_variables) if is_layer else []

    def function(tensors: list[Any]) -> tuple[Any, list[Any]]:
        outputs = call_subject(subject, case, tensors)
        outputs += [ops.convert_to_tensor(loss) for loss in subject.losses] if is_layer else []
        state = [variable.value for variable in others]
        names[:] = [f"forward/{i}" for i in range(len(outputs))] + [f"state/{i}" for i in range(len(state))]
        dtypes[:] = [keras.backend.standardize_dtype(value.dtype) for value in (*outputs, *state)]
        return _project(case, outputs), [*outputs, *state]

    with draws.identical_masks():
        results, gradients = get_engine(backend).differentiate(function, arrays, variables)
    for name, dtype, value in zip(names, dtypes, results, strict=True):
        result.add(name, value)
        result.dtypes[name] = dtype
    labels = [f"input {i}" for i in range(len(arrays))] + [f"weight {i}" for i in range(len(variables))]
    floating = [array.dtype.kind == "f" for array in arrays] + [True] * len(variables)
    for label, is_floating, gradient in zip(labels, floating, gradients, strict=True):
        if is_floating:
            result.add(f"gradient/{label}", gradient)
    return result


def _project(case: Case, outputs: list[Any]) -> Any:
    """The sum of all floating outputs, each times a fixed cotangent."""
    total = ops.zeros((), keras.config.floatx())
    for i, output in enumerate(outputs):
        dtype = keras.backend.standardize_dtype(output.dtype)
        if "float" in dtype:
            g = make_generator(case.stream, COTANGENT_STREAM, i)
            cotangent = g.standard_normal(tuple(output.shape)).astype("float32")
            total = total + ops.sum(
                output * ops.convert_to_tensor(cotangent.astype(dtype if dtype != "bfloat16" else "float32"), dtype)
            )
    return total


def _forward(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    del backend, repetition
    result = Result()
    tensors: list[Any] = [
        ops.convert_to_tensor(a, dtype=array.dtype or None) for array, a in zip(case.inputs, arrays, strict=False)
    ]
    with draws.initial_weights(SEED) if case.drawn else nullcontext():
        outputs = call_subject(make_subject(case), case, [*tensors, *arrays[len(tensors) :]])
    for i, output in enumerate(outputs):
        result.add(f"forward/{i}", output)
    return result


def _metric(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    del backend
    result = Result()
    metric: Any = make_subject(case)
    second = draw_inputs(case, keras.config.floatx(), batch=1)
    for batch in (arrays, [move_input(a, case, i, repetition) for i, a in enumerate(second)]):
        args, kwargs = read_arguments(case, [ops.convert_to_tensor(a) for a in batch])
        metric.update_state(*args, **kwargs)
    for i, output in enumerate(keras.tree.flatten(metric.result())):
        result.add(f"forward/{i}", ops.convert_to_tensor(output))
    for i, variable in enumerate(metric.variables):
        result.add(f"state/{i}", variable)
    return result


def _optimizer(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    del backend
    result, precision = Result(), keras.config.floatx()
    normal = [Array("normal", array.shape).draw(case.stream, WEIGHTS_STREAM, i) for i, array in enumerate(case.inputs)]
    variables = [keras.Variable(value.astype(precision), name=f"v{i}") for i, value in enumerate(normal)]
    optimizer: Any = make_subject(case)
    optimizer.build(variables)
    for step in range(STEPS):
        batch = (
            arrays
            if step == 0
            else [move_input(a, case, i, repetition) for i, a in enumerate(draw_inputs(case, precision, step))]
        )
        optimizer.apply([ops.convert_to_tensor(a) for a in batch])
        for i, variable in enumerate(variables):
            result.add(f"update/step {step + 1}/{i}", variable)
    for i, variable in enumerate(optimizer.variables):
        result.add(f"slot/{i} {variable.name}", variable)
    optimizer.finalize_variable_values(variables)
    for i, variable in enumerate(variables):
        result.add(f"update/final/{i}", variable)
    return result


def _train(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    del backend, repetition
    result = Result()
    x, call = arrays[0], make(dict(case.call))
    g = make_generator(case.stream, TARGETS_STREAM)
    with draws.initial_weights(SEED):
        model = keras.Sequential(
            [keras.Input(x.shape[1:], dtype=x.dtype.name), find(case.target)(**make(dict(case.config)))]
        )
        if "loss" in call:
            model.add(keras.layers.Activation(call["activation"]))
            classes = g.integers(0, model.output_shape[-1], len(x))
            y = classes if "Sparse" in type(call["loss"]).__name__ else np.eye(model.output_shape[-1])[classes]
        else:
            model.add(keras.layers.Flatten())
            model.add(keras.layers.Dense(1))
            y = g.standard_normal((len(x), 1))
        model.compile(call["optimizer"], call.get("loss", "mse"))
        model._symbolic_build(data_batch=(x, y))
    for step in range(STEPS):
        loss = model.train_on_batch(x, y)
        result.add(f"update/loss {step + 1}", np.asarray(loss, dtype=keras.config.floatx()))
    for i, variable in enumerate(model.trainable_weights):
        result.add(f"update/weight {i}", variable)
    for i, variable in enumerate(model.optimizer.variables):
        result.add(f"slot/{i} {variable.name}", variable)
    return result


def _modes(case: Case, backend: str, arrays: list[np.ndarray], repetition: int) -> Result:
    del backend, repetition
    result = Result()
    with draws.initial_weights(SEED):
        model: Any = keras.Sequential(
            [keras.Input(arrays[0].shape[1:], dtype=arrays[0].dtype.name), *make(list(case.config["layers"]))]
        )
    for name, outputs in (
        ("eager", model(ops.convert_to_tensor(arrays[0]), training=False)),
        ("compiled", model.predict_on_batch(arrays[0])),
    ):
        for i, output in enumerate(keras.tree.flatten(outputs)):
            result.add(f"{name}/{i}", output)
    return result


RUNNERS: dict[str, Callable[[Case, str, list[np.ndarray], int], Result]] = {
    "differentiate": _differentiate,
    "forward": _forward,
    "metric": _metric,
    "optimizer": _optimizer,
    "train": _train,
    "modes": _modes,
}
