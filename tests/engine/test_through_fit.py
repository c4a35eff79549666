"""What the engines don't follow is trained by Keras' own step, and does what `keras.Model.fit` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from models import BATCH, ROWS, rows

import multibackend
from multibackend import MultibackendError, Split, draws
from multibackend.engine import loop, through_fit
from multibackend.engine.backends import get_engine
from multibackend.engine.model import build_model, why_through_fit
from multibackend.engine.state import to_numpy
from multibackend.engine.workarounds import apply_workarounds
from multibackend.experiments.importing import import_file

EXAMPLE = Path(multibackend.__file__).parents[1] / "docs" / "examples" / "own_model.py"
EPOCHS = 2


def dense(rate: Any = 0.1, **compiled: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(3, "softmax")])
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, **compiled.pop("optimizer", {}))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    return model


def own_step() -> keras.Model:
    example = import_file(EXAMPLE)
    inputs = keras.Input((6,))
    hidden = layers.Dropout(0.3)(example.Gate()(layers.Dense(8, "tanh")(inputs)))
    model = example.NormalisedModel(inputs, layers.Dense(3, "softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.01), example.FocalLoss(), metrics=["accuracy"])
    return model


CASES: dict[str, Callable[[], keras.Model]] = {
    "a train_step of its own": own_step,
    "run_eagerly=True": lambda: dense(run_eagerly=True),
    "gradient accumulation": lambda: dense(optimizer={"gradient_accumulation_steps": 2}),
}


@pytest.fixture(autouse=True)
def _in_float64(backend: str) -> Iterator[None]:
    with apply_workarounds(backend, "float64", True), draws.identical_masks():
        get_engine(backend).configure("float64", threads=1)
        yield


def split() -> Split:
    r = rows()
    return Split(r["x"], r["class"])


def build(make: Callable[[], keras.Model]) -> keras.Model:
    with draws.initial_weights(1):
        return build_model(make, split().take(slice(0, BATCH)))


def weights(model: keras.Model) -> list[np.ndarray]:
    return [to_numpy(v) for v in (*model.weights, *model.optimizer.variables)]


def differ(got: list[np.ndarray], expected: list[np.ndarray]) -> float:
    return max(float(np.max(np.abs(a - b), initial=0)) for a, b in zip(got, expected, strict=True))


@pytest.mark.parametrize("case", CASES)
def test_it_trains_as_fit_does(case: str) -> None:
    order = draws.batch_order(0, 0, ROWS)
    fitted = build(CASES[case])
    permuted = split().take(order)
    history = fitted.fit(permuted.inputs, permuted.targets, BATCH, EPOCHS, verbose=0, shuffle=False).history
    ours = build(CASES[case])
    epoch = through_fit.compile_epoch(ours, split(), BATCH)
    trajectory = loop.train(ours, epoch, [order] * EPOCHS, None)
    assert epoch.how == {"step": "train_on_batch", "through_fit": case}
    assert trajectory.losses.shape == (EPOCHS * -(-ROWS // BATCH),)
    assert trajectory.history.keys() == history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(trajectory.history[name], np.asarray(values, float), rtol=1e-9, err_msg=name)
    assert differ(weights(ours), weights(fitted)) < 1e-9


def test_the_comparison_with_fit_notices_a_lost_batch() -> None:
    order = draws.batch_order(0, 0, ROWS)
    models = []
    for kept in (ROWS, ROWS - ROWS % BATCH):
        models.append(build(own_step))
        through_fit.compile_epoch(models[-1], split(), BATCH)(order[:kept])
    assert differ(weights(models[0]), weights(models[1])) > 1e-4


def test_each_loss_is_its_batchs_own(backend: str) -> None:
    """The engine's losses of the same model, which no earlier batch is averaged into."""
    order = draws.batch_order(0, 0, ROWS)
    followed, eager = build(dense), build(lambda: dense(run_eagerly=True))
    expected, _ = get_engine(backend).compile_epoch(followed, split(), BATCH, EPOCHS)(order)
    got, _ = through_fit.compile_epoch(eager, split(), BATCH)(order)
    np.testing.assert_allclose(got, to_numpy(expected), rtol=1e-12)
    assert got.dtype == np.float64


@pytest.mark.parametrize("case", CASES)
def test_the_first_step_is_keras_own_and_its_gradients_are_of_the_compiled_loss(case: str, backend: str) -> None:
    batch = split().take(slice(0, BATCH))
    model, fitted = build(CASES[case]), build(CASES[case])
    before = [to_numpy(v) for v in model.metrics_variables]
    loss, gradients = through_fit.compile_first_step(get_engine(backend), model)(batch)
    history = fitted.fit(batch.inputs, batch.targets, BATCH, verbose=0, shuffle=False).history
    assert loss == pytest.approx(history["loss"][0], rel=1e-12)
    assert differ(weights(model), weights(fitted)) < 1e-12
    assert differ([to_numpy(v) for v in model.metrics_variables], before) == 0
    # The compiled loss changes by as much as its gradients say: without dropout, which draws anew.
    if case != "a train_step of its own":
        plain, found = build(dense), gradients
        _, expected = get_engine(backend).compile_first_step(plain)(batch)
        assert found.keys() == expected.keys()
        assert differ(list(found.values()), list(expected.values())) < 1e-12
    assert all(np.abs(gradient).max() > 0 for gradient in gradients.values())


class ReportsNothing(keras.Sequential):
    def train_step(self, *arguments: Any) -> Any:
        done = super().train_step(*arguments)
        return ({"perplexity": done[0]["loss"]}, done[1]) if isinstance(done, tuple) else {"perplexity": done["loss"]}


def test_a_step_that_reports_no_loss_is_refused_in_one_line() -> None:
    def make() -> keras.Model:
        model = ReportsNothing([keras.Input((6,)), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    epoch = through_fit.compile_epoch(build(make), split(), BATCH)
    with pytest.raises(MultibackendError, match=r"reports perplexity; expected .* 'loss'") as caught:
        epoch(np.arange(ROWS))
    assert "\n" not in str(caught.value)


def test_what_the_engines_follow_they_train() -> None:
    assert why_through_fit(build(dense)) == []
