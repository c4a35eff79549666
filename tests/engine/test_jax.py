"""JAX's compiled epochs: what replaces slow operations on CPU computes the same, and state goes from epoch to epoch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from models import BATCH, ROWS
from test_fit import differences, prepare

from multibackend import draws
from multibackend.engine import loop
from multibackend.engine.backends import environment_variables, get_engine
from multibackend.engine.jax import engine
from multibackend.engine.jax.cpu import replace_slow
from multibackend.engine.state import save_state

LAYOUTS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


@pytest.fixture(autouse=True)
def float64() -> None:
    get_engine("jax").configure("float64", threads=1)


def convolution(size: int, kernel: int, dims: int = 2, **params: Any) -> tuple[Callable[..., Any], list[jax.Array]]:
    random = np.random.default_rng(0)
    image = jnp.asarray(random.normal(size=(3, *[size] * dims, 4)))
    weights = jnp.asarray(random.normal(size=(*[kernel] * dims, 4 // params.get("feature_group_count", 1), 8)))
    layout = LAYOUTS[dims]
    if params.pop("channels_first", False):
        layout, image = ("NCHW", "OIHW", "NCHW"), image.transpose(0, 3, 1, 2)
        weights = weights.transpose(3, 2, 0, 1)
    given = {"window_strides": (1,) * dims, "padding": "SAME"} | params

    def loss(image: jax.Array, weights: jax.Array) -> jax.Array:
        return jnp.sin(lax.conv_general_dilated(image, weights, dimension_numbers=layout, **given)).sum()

    return jax.value_and_grad(loss, argnums=(0, 1)), [image, weights]


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], dict[str, Any], bool]] = {
    "same": ((8, 3), {}, True),
    "valid": ((9, 3), {"padding": "VALID"}, True),
    "strides": ((9, 3), {"window_strides": (2, 3)}, True),
    "even kernel, strides": ((8, 2), {"window_strides": (2, 2)}, True),
    "dilated kernel": ((9, 3), {"rhs_dilation": (2, 2)}, True),
    "dilated image": ((5, 3), {"lhs_dilation": (2, 2), "padding": ((2, 1), (1, 2))}, True),
    "channels first": ((8, 3), {"channels_first": True}, True),
    "one dimension": ((16, 5, 1), {}, True),
    "three dimensions": ((5, 3, 3), {}, True),
    "as large as its image": ((7, 7), {"padding": "VALID"}, True),
    "groups": ((8, 3), {"feature_group_count": 2}, False),
    "large kernel": ((16, 9), {}, False),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_and_its_gradients_are_the_same(case: str) -> None:
    sizes, params, all_replaced = CONVOLUTIONS[case]
    function, arguments = convolution(*sizes, **params)
    expected = jax.jit(function)(*arguments)
    replaced = replace_slow(function)
    for got, wanted in zip(jax.tree.leaves(jax.jit(replaced)(*arguments)), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)
    assert ("conv_general_dilated" not in str(jax.make_jaxpr(replaced)(*arguments))) == all_replaced


@pytest.mark.parametrize(
    ("window", "strides", "size", "is_replaced"),
    [((2, 2), (2, 2), 8, True), ((3, 2), (3, 2), 12, True), ((2, 2), (2, 2), 9, False), ((3, 3), (2, 2), 9, False)],
)
def test_a_poolings_gradient_is_the_same_where_numbers_tie(
    window: tuple[int, int], strides: tuple[int, int], size: int, is_replaced: bool
) -> None:
    image = jnp.asarray(np.random.default_rng(0).integers(0, 3, (3, size, size, 4)).astype("float64"))

    def loss(image: jax.Array) -> jax.Array:
        pooled = lax.reduce_window(image, -jnp.inf, lax.max, (1, *window, 1), (1, *strides, 1), "VALID")
        return (pooled * jnp.arange(pooled.size).reshape(pooled.shape)).sum()

    replaced = replace_slow(jax.grad(loss))
    np.testing.assert_array_equal(jax.jit(replaced)(image), jax.jit(jax.grad(loss))(image))
    assert ("select_and_scatter_add" not in str(jax.make_jaxpr(replaced)(image))) == is_replaced


def test_an_unreplaced_convolution_trains_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with draws.identical_masks():
        model, split = prepare("convolution")
        assert engine.compile_epoch(model, split, BATCH, 2).how == {"step": "scan"}
        monkeypatch.setattr(engine, "replace_slow", lambda step: step)
        assert engine.compile_epoch(model, split, BATCH, 2).how == {"step": "stepwise"}


def train(stepwise: bool, between: Callable[[Any, Any], None], monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    order = draws.batch_order(0, 0, ROWS)
    with draws.identical_masks(), monkeypatch.context() as patch:
        model, split = prepare("batch normalization")
        if stepwise:
            patch.setattr(engine, "SLOW_IN_LOOPS", ("dot_general",))
        epoch = engine.compile_epoch(model, split, BATCH, 3)
        for _ in range(3):
            epoch(order)
            between(model, split)
        return save_state(model)


def nothing(*_: Any) -> None:
    pass


def test_step_by_step_trains_as_the_scan_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(train(True, nothing, monkeypatch), train(False, nothing, monkeypatch)) < 1e-12


def test_evaluation_between_epochs_changes_nothing_and_finds_the_new_values(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def evaluate(model: Any, split: Any) -> None:
        seen.append(loop.evaluate(model, split)["loss"])
        loop.predict(model, split.inputs)

    got = train(False, evaluate, monkeypatch)
    trained = slice(0, 8)  # weights and averages; evaluating also counts metrics
    assert differences(got[trained], train(False, nothing, monkeypatch)[trained]) == 0
    assert len(set(seen)) == 3


def test_what_is_assigned_between_epochs_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def assign(model: Any, _: Any) -> None:
        for variable in model.trainable_variables:
            variable.assign(variable * 0.5)

    assert differences(train(False, assign, monkeypatch), train(True, assign, monkeypatch)) < 1e-12
    assert differences(train(False, assign, monkeypatch), train(False, nothing, monkeypatch)) > 1e-3


def test_values_that_someone_holds_are_not_written_over() -> None:
    order = draws.batch_order(0, 0, ROWS)
    with draws.identical_masks():
        model, split = prepare("adam")
        epoch = engine.compile_epoch(model, split, BATCH, 1)
        held = [variable.value for variable in model.trainable_variables]
        copies = [np.array(value) for value in held]
        epoch(order)
    for value, copy in zip(held, copies, strict=True):
        np.testing.assert_array_equal(value, copy)


# ---------------------------------------------------------------------------------------- threads

THREADS_OF_XLA = """
import glob, jax
product = jax.numpy.ones((256, 256)) @ jax.numpy.ones((256, 256))
product.block_until_ready()
print([open(f).read().strip() for f in glob.glob("/proc/self/task/*/comm")].count("tf_XLAEigen"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are read from /proc")
@pytest.mark.parametrize("threads", [1, 2])
def test_xla_has_as_many_threads_as_are_recorded(threads: int) -> None:
    environment = os.environ | environment_variables("jax", "cpu", threads)
    command = [sys.executable, "-c", THREADS_OF_XLA]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert child.stdout.split() == [str(threads)]


def product() -> Any:
    square = jnp.ones((256, 256), jnp.float32)
    return jax.jit(lambda a, b: a @ b).lower(square, square)


def test_several_threads_compute_products_by_eigen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_threads", lambda: 2)
    by_eigen = engine._compile(product()).as_text()
    monkeypatch.setattr(engine, "_threads", lambda: 1)
    by_default = engine._compile(product()).as_text()
    assert "__ynn_fusion" in by_default and "__ynn_fusion" not in by_eigen


def test_a_loop_does_not_copy_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(kernels: list[Any], batch: Any) -> Any:
        for kernel in kernels:
            batch = jnp.tanh(batch @ kernel)
        return batch.sum()

    def step(kernels: list[Any], batch: Any) -> tuple[list[Any], None]:
        gradients = jax.grad(loss)(kernels, batch)
        return [kernel - 0.1 * gradient for kernel, gradient in zip(kernels, gradients, strict=True)], None

    kernels, batches = [jnp.ones((128, 128))] * 4, jnp.ones((10, 32, 128))
    lowered = jax.jit(partial(lax.scan, step), donate_argnums=0).lower(kernels, batches)
    copies = engine._compile(lowered).as_text().count(" copy(")
    monkeypatch.setattr(engine, "FEWER_COPIES", {})
    assert copies < 4 < engine._compile(lowered).as_text().count(" copy(")


def test_an_option_that_xla_does_not_have_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_threads", lambda: 2)
    monkeypatch.setattr(engine, "PRODUCTS_BY_EIGEN", {"xla_cpu_no_such_option": ""})
    square = jnp.ones((256, 256), jnp.float32)
    assert float(engine._compile(product())(square, square)[0, 0]) == 256
