"""Runners: a function for each `how` of a case, which returns the arrays that its subject gives, by name.

Names are `STAGE/WHAT`: `forward` is what a call returns and `state` what it leaves behind; `gradient`, `update` and
`slot` belong to steps, `eager` and `compiled` to the two modes. This module needs Keras' public names alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np
from keras import ops

from multibackend import draws
from multibackend.draws.order import make_generator
from multibackend.engine.backends import get_training_engine
from multibackend.sweep.case import Case, How
from multibackend.sweep.inputs import Array
from multibackend.sweep.subject import (
    WEIGHTS_STREAM,
    build_layer,
    call_subject,
    draw_inputs,
    find,
    list_arguments,
    make,
    make_keywords,
    make_subject,
    select_floating,
)
from multibackend.sweep.trial import Result, Trial

STEPS = 4
"""Steps of an optimizer, and of a training."""

SEED = 1
"""The seed of what Keras draws while a case is built."""

COTANGENT_STREAM, TARGETS_STREAM = 2000, 4000
"""Keys of a case's random numbers, beside those of its inputs; `subject.py` has others."""


def run_differentiate(trial: Trial) -> Result:
    """Call the subject once, and differentiate its projected outputs by each floating input and trainable weight."""
    case, result, names, dtypes = trial.case, Result(), list[str](), list[str]()
    with draws.initial_weights(SEED):
        subject = make_subject(case)
        is_layer = isinstance(subject, keras.layers.Layer)
        if is_layer:
            build_layer(subject, case, trial.arrays, trial.repetition)
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
        results, gradients = get_training_engine(trial.backend).differentiate(function, trial.arrays, variables)
    for name, dtype, value in zip(names, dtypes, results, strict=True):
        result.add(name, value)
        result.dtypes[name] = dtype
    labels = [f"input {i}" for i in range(len(trial.arrays))] + [f"weight {i}" for i in range(len(variables))]
    floating = [array.dtype.kind == "f" for array in trial.arrays] + [True] * len(variables)
    for label, is_floating, gradient in zip(labels, floating, gradients, strict=True):
        if is_floating:
            result.add(f"gradient/{label}", gradient)
    return result


def _project(case: Case, outputs: list[Any]) -> Any:
    """Sum all floating outputs, each times a fixed cotangent."""
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


def run_forward(trial: Trial) -> Result:
    """Call the subject once, eagerly."""
    case, arrays, result = trial.case, trial.arrays, Result()
    tensors: list[Any] = [
        ops.convert_to_tensor(a, dtype=array.dtype or None) for array, a in zip(case.inputs, arrays, strict=False)
    ]
    with draws.initial_weights(SEED) if case.drawn else nullcontext():
        outputs = call_subject(make_subject(case), case, [*tensors, *arrays[len(tensors) :]])
    for i, output in enumerate(outputs):
        result.add(f"forward/{i}", output)
    return result


def run_metric(trial: Trial) -> Result:
    """Update a metric on two batches, and take its result and state."""
    case, result = trial.case, Result()
    metric: Any = make_subject(case)
    second = draw_inputs(case, keras.config.floatx(), trial.repetition, batch=1)
    for batch in (trial.arrays, second):
        tensors = [ops.convert_to_tensor(a) for a in batch]
        metric.update_state(*list_arguments(case, tensors), **make_keywords(case, tensors))
    for i, output in enumerate(keras.tree.flatten(metric.result())):
        result.add(f"forward/{i}", ops.convert_to_tensor(output))
    for i, variable in enumerate(metric.variables):
        result.add(f"state/{i}", variable)
    return result


def run_optimizer(trial: Trial) -> Result:
    """Apply given gradients in several steps, and take the variables after each and the slots at the end."""
    case, result, precision = trial.case, Result(), keras.config.floatx()
    normal = [Array("normal", array.shape).draw(case.stream, WEIGHTS_STREAM, i) for i, array in enumerate(case.inputs)]
    variables = [keras.Variable(value.astype(precision), name=f"v{i}") for i, value in enumerate(normal)]
    optimizer: Any = make_subject(case)
    optimizer.build(variables)
    for step in range(STEPS):
        batch = draw_inputs(case, precision, trial.repetition, step) if step else trial.arrays
        optimizer.apply([ops.convert_to_tensor(a) for a in batch])
        for i, variable in enumerate(variables):
            result.add(f"update/step {step + 1}/{i}", variable)
    for i, variable in enumerate(optimizer.variables):
        result.add(f"slot/{i} {variable.name}", variable)
    optimizer.finalize_variable_values(variables)
    for i, variable in enumerate(variables):
        result.add(f"update/final/{i}", variable)
    return result


def run_train(trial: Trial) -> Result:
    """Train a small model for several steps of `train_on_batch`; take its losses, weights and slots."""
    result = Result()
    model, targets = _build_trained(trial.case, trial.arrays[0])
    for step in range(STEPS):
        loss = model.train_on_batch(trial.arrays[0], targets)
        result.add(f"update/loss {step + 1}", np.asarray(loss, dtype=keras.config.floatx()))
    for i, variable in enumerate(model.trainable_weights):
        result.add(f"update/weight {i}", variable)
    for i, variable in enumerate(model.optimizer.variables):
        result.add(f"slot/{i} {variable.name}", variable)
    return result


def _build_trained(case: Case, x: np.ndarray) -> tuple[Any, np.ndarray]:
    """Build the model that a case trains, compiled, and draw its targets."""
    call, g = make(dict(case.call)), make_generator(case.stream, TARGETS_STREAM)
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
    return model, y


def run_modes(trial: Trial) -> Result:
    """Call a model eagerly, and compiled as Keras compiles it."""
    inputs, result = trial.arrays[0], Result()
    with draws.initial_weights(SEED):
        model: Any = keras.Sequential(
            [keras.Input(inputs.shape[1:], dtype=inputs.dtype.name), *make(list(trial.case.config["layers"]))]
        )
    for name, outputs in (
        ("eager", model(ops.convert_to_tensor(inputs), training=False)),
        ("compiled", model.predict_on_batch(inputs)),
    ):
        for i, output in enumerate(keras.tree.flatten(outputs)):
            result.add(f"{name}/{i}", output)
    return result


RUNNERS: dict[How, Callable[[Trial], Result]] = {
    "differentiate": run_differentiate,
    "forward": run_forward,
    "metric": run_metric,
    "optimizer": run_optimizer,
    "train": run_train,
    "modes": run_modes,
}
