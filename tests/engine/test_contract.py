"""What holds of every engine, and what each refuses."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from models import BATCH, CASES, rows

from multibackend import BACKENDS, MultibackendError, Split, Unsupported, draws
from multibackend.engine import contract, loop
from multibackend.engine.backends import environment_variables, get_engine
from multibackend.engine.model import build_model
from multibackend.engine.state import restore_state, save_state, to_numpy
from multibackend.engine.workarounds import apply_workarounds

ENGINE = Path(contract.__file__).parent
FUNCTIONS = (
    "configure",
    "device",
    "compile_forward",
    "compile_first_step",
    "differentiate",
    "apply_gradients",
    "compile_epoch",
)


def test_this_environment_holds_one_framework(backend: str) -> None:
    modules = {"jax": "jax", "tensorflow": "tensorflow", "torch": "torch"}
    found = [name for name, module in modules.items() if importlib.util.find_spec(module)]
    assert found == [backend]


def test_the_engines_have_the_same_functions_with_the_same_signatures(backend: str) -> None:
    signatures = {}
    for name in BACKENDS:
        tree = ast.parse((ENGINE / name / "engine.py").read_text(encoding="utf-8"))
        public = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
        signatures[name] = [f"{n.name}({ast.unparse(n.args)}) -> {ast.unparse(n.returns)}" for n in public if n.returns]
    assert signatures["jax"] == signatures["tensorflow"] == signatures["torch"]
    assert [line.split("(")[0] for line in signatures[backend]] == list(FUNCTIONS)
    for name in FUNCTIONS:  # ... which are the contract's
        promised = list(inspect.signature(getattr(contract.Engine, name)).parameters)[1:]
        assert list(inspect.signature(getattr(get_engine(backend), name)).parameters) == promised


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(MultibackendError, match="'numpy': unknown; expected jax, tensorflow or torch"):
        get_engine("numpy")


def test_the_device_asked_for_reaches_the_process() -> None:
    for name in BACKENDS:
        assert environment_variables(name, "cpu", 1)["CUDA_VISIBLE_DEVICES"] == "-1"
        assert "CUDA_VISIBLE_DEVICES" not in environment_variables(name, "cuda", 1)
    assert environment_variables("jax", "cuda", 1)["JAX_PLATFORMS"] == "cuda"


def build(case: str, precision: str) -> tuple[keras.Model, Split]:
    make, select = CASES[case]
    split = select(rows()).astype(precision)
    with draws.initial_weights(1):
        return build_model(make, split.take(slice(0, BATCH))), split


def test_gradients_equal_the_closed_form(backend: str, precision: str) -> None:
    """Of mean((x w + b - y)^2): agreement between backends alone could be a bug that they share."""

    def make() -> keras.Model:
        model = keras.Sequential([keras.Input((6,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    r = rows()
    split = Split(r["x"], r["value"]).astype(precision)
    with draws.initial_weights(1):
        model = build_model(make, split.take(slice(0, BATCH)))
    batch = split.take(slice(0, BATCH))
    w, b = (np.asarray(value, float) for value in model.get_weights())
    loss, gradients = get_engine(backend).compile_first_step(model)(batch)
    error = r["x"][:BATCH] @ w + b - r["value"][:BATCH]
    tolerance = {"float64": 1e-13, "float32": 1e-5}[precision]
    assert loss == pytest.approx(float(np.mean(error**2)), rel=tolerance)
    np.testing.assert_allclose(gradients["sequential/dense/bias"], 2 * error.mean(axis=0), rtol=tolerance)
    kernel = 2 * r["x"][:BATCH].T @ error / BATCH
    np.testing.assert_allclose(gradients["sequential/dense/kernel"], kernel, rtol=tolerance, atol=tolerance)
    assert gradients["sequential/dense/kernel"].dtype == precision


@pytest.mark.parametrize(
    "case", ["batch normalization", "two inputs, two outputs", "embedding, lstm", "subclassed, add_loss"]
)
def test_forward_gives_each_layer_in_order(backend: str, case: str, precision: str) -> None:
    model, split = build(case, precision)
    batch = split.take(slice(0, 5))
    outputs = get_engine(backend).compile_forward(model)(batch.inputs)
    predicted = loop.predict(model, batch.inputs)
    finals = [value for name, value in outputs.items() if name.startswith("output.")]
    assert len(finals) == len(predicted)
    for got, expected in zip(finals, predicted.values(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    called = [layer.path or layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    recorded = [name for name in outputs if not name.startswith("output.")]
    assert sorted(recorded) == sorted(called)
    if isinstance(model, keras.Sequential):
        assert recorded == called


@pytest.mark.parametrize("case", ["adam amsgrad", "batch normalization", "dropout", "ema", "global clipnorm"])
def test_the_first_step_is_the_trainings(backend: str, case: str) -> None:
    """The same weights and optimizer slots as after an epoch of one batch, from the same state."""
    with apply_workarounds(backend, "float64", True), draws.identical_masks():
        engine = get_engine(backend)
        engine.configure("float64", 1)
        model, split = build(case, "float64")
        batch = split.take(slice(0, BATCH))
        state = save_state(model)
        variables = [*model.variables, *model.optimizer.variables]
        before = [to_numpy(variable) for variable in variables]
        loss, _ = engine.compile_first_step(model)(batch)
        stepped = [to_numpy(variable) for variable in variables]
        restore_state(model, state)
        epoch = engine.compile_epoch(model, batch, BATCH, 1)
        (expected,), _ = epoch(np.arange(BATCH, dtype="int32"))
    assert loss == pytest.approx(float(expected), rel=1e-12)
    for variable, old, got in zip(variables, before, stepped, strict=True):
        np.testing.assert_allclose(got, to_numpy(variable), rtol=1e-9, atol=1e-14, err_msg=variable.path)
        assert not np.array_equal(got, old) or variable.path.split("/")[-1] == "learning_rate", variable.path


def small(**compiled: object) -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, "softmax")])
    if compiled:
        model.compile(**compiled)
    return model


LOSS = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: small(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), loss=LOSS),
            Unsupported,
            "LossScaleOptimizer",
        ),
        (small, MultibackendError, "is not compiled"),
        (lambda: 3, MultibackendError, "returned int; expected a compiled keras.Model"),
        (
            lambda: small(optimizer="sgd", loss="mse"),
            MultibackendError,
            "its call, loss or metrics fail on a batch of the data",
        ),
    ],
)
def test_what_cannot_be_trained_exactly_is_refused_in_one_line(make: object, error: type, words: str) -> None:
    targets = {"targets": np.zeros((BATCH, 2, 2))} if "call, loss" in words else {"targets": np.zeros(BATCH, int)}
    batch = Split(np.zeros((BATCH, 6), "float32"), **targets)
    with pytest.raises(error, match=words) as caught:
        build_model(make, batch)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_differentiate_gives_results_and_gradients_of_arrays_and_variables(backend: str) -> None:
    get_engine(backend).configure("float64", 1)
    weights, unused = keras.Variable([2.0, 3.0]), keras.Variable([1.0])
    x, whole = np.array([5.0, 7.0]), np.array([1, 2], "int32")

    def function(tensors: list[Any]) -> tuple[Any, list[Any]]:
        product = tensors[0] * weights * keras.ops.cast(tensors[1], "float64")
        return keras.ops.sum(product * product), [product]

    (product,), gradients = get_engine(backend).differentiate(function, [x, whole], [weights, unused])
    assert product.tolist() == [10.0, 42.0]
    expected = [2 * product * [2, 6], [0, 0], 2 * product * [5, 14], [0]]
    for gradient, wanted in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-14)
