"""Isolation: every call of a layer is found, and an error shows in the call where it starts and in no other."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from models import BATCH, CASES, rows

from multibackend import Split, draws
from multibackend.engine.backends import get_engine
from multibackend.engine.layerwise import isolate_step, trace_step
from multibackend.engine.model import build_model
from multibackend.engine.state import named, save_state

MODELS = [
    "batch normalization",
    "dropout",
    "embedding, lstm",
    "subclassed, add_loss",
    "two inputs, two outputs",
]


def build(case: str, precision: str) -> tuple[keras.Model, Split]:
    make, select = CASES[case]
    batch = select(rows()).astype(precision).take(slice(0, BATCH))
    with draws.initial_weights(1):
        return build_model(make, batch), batch


def far(a: np.ndarray, b: np.ndarray, scale: float = 1e-300) -> float:
    """The largest difference, relative to the largest element or to what `scale` says is large."""
    return float(np.max(np.abs(a - b), initial=0.0) / max(np.max(np.abs(a), initial=0.0), scale))


@pytest.mark.parametrize("case", MODELS)
def test_a_trace_is_the_first_step_and_isolation_repeats_it(backend: str, case: str) -> None:
    engine = get_engine(backend)
    engine.configure("float64", 1)
    with contract_of(backend):
        model, batch = build(case, "float64")
        state = save_state(model)
        trace = trace_step(engine, model, batch)
        alone = isolate_step(engine, model, batch, trace)
        for before, after in zip(state, save_state(model), strict=True):
            np.testing.assert_array_equal(before, after)
        weights = named(model.trainable_variables)
        loss, gradients = engine.compile_first_step(model)(batch)
        stepped = named(model.trainable_variables)
    assert alone["loss"] == pytest.approx(loss, rel=1e-12)
    largest = max(np.max(np.abs(gradient)) for gradient in gradients.values())
    assert sorted(gradients) == sorted(key.removeprefix("gradients/") for key in trace if key.startswith("gradients/"))
    for path, gradient in gradients.items():
        assert far(trace[f"gradients/{path}"], gradient, largest) < 1e-12, path
        assert far(alone[f"updates/{path}"], stepped[path] - weights[path], 1e-3) < 1e-6, path
    calls = [key for key in trace if key.startswith("outputs/")]
    assert calls
    for key in calls:
        assert far(alone[key], trace[key]) < 1e-12, key
    for key in (key for key in trace if key.startswith("inputs/")):
        assert far(alone[key.replace("inputs/", "arrived/")], trace[key]) < 1e-12, key


def contract_of(backend: str) -> Any:
    """A training's surroundings: workarounds, and masks drawn alike."""
    from contextlib import ExitStack

    from multibackend.engine.workarounds import apply_workarounds

    stack = ExitStack()
    stack.enter_context(apply_workarounds(backend, "float64", True))
    stack.enter_context(draws.identical_masks())
    return stack


class Wrong(layers.Layer):
    """x, and a tenth of it more where it is wrong; or with a gradient twice as large."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any) -> Any:
        if self.kind == "forward":
            return inputs * 1.1
        if self.kind == "backward":
            return 2.0 * inputs - keras.ops.stop_gradient(inputs)
        return inputs * 1.0


def nested(kind: str) -> keras.Model:
    """The layer lies in a model within the model, and is called twice."""
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, "tanh"), Wrong(kind, name="wrong")], name="inner")
    x = keras.Input((6,))
    y = layers.Add()([inner(x), inner(layers.Dense(6)(x))])
    model = keras.Model(x, layers.Dense(3, "softmax")(y), name="outer")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("right", set()),
        ("forward", {"outputs/inner/wrong.0", "outputs/inner/wrong#2.0"}),
        ("backward", {"gradients of inputs/inner/wrong.0", "gradients of inputs/inner/wrong#2.0"}),
    ],
)
def test_an_error_shows_where_it_starts(backend: str, kind: str, expected: set[str]) -> None:
    engine = get_engine(backend)
    engine.configure("float64", 1)
    r = rows()
    batch = Split(r["x"], r["class"]).take(slice(0, BATCH))
    with contract_of(backend):
        built = []
        for which in ("right", kind):
            with draws.initial_weights(1):
                built.append(build_model(lambda which=which: nested(which), batch))
        trace = trace_step(engine, built[0], batch)
        right, wrong = (isolate_step(engine, model, batch, trace) for model in built)
    differing = {key for key in right if far(right[key], wrong[key]) > 1e-12}
    forward = {key for key in differing if key.startswith("outputs/")}
    assert {
        key for key in differing if key.startswith(("outputs/", "arrived/", "updates/", "slots/", "loss"))
    } == forward
    gradients = {key for key in differing if key.startswith(("gradients of inputs/", "gradients/"))}
    assert expected == (forward or gradients)
