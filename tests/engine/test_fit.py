"""The engines train exactly as `keras.Model.fit` does: same order of rows, same numbers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from multibackend import draws
from multibackend.engine import contract, get_engine
from multibackend.experiment import Split
from tests.engine.models import BATCH, CASES, ROWS, rows

EPOCHS = 2


def trained(
    case: str, precision: str, with_fit: bool
) -> tuple[dict[str, list[float]], list[np.ndarray], np.ndarray | None]:
    """History and final values of all variables, after training with `fit` or with the engine."""
    engine = get_engine(keras.backend.backend())
    engine.configure(precision, threads=1)
    build, select = CASES[case]
    split = select(rows()).astype(precision)
    order = draws.batch_order(0, 0, ROWS)
    with draws.initial_weights(1):
        model = contract.build_model(build, split.take(slice(0, BATCH)))
    with draws.identical_masks():
        if with_fit:
            permuted = split.take(order)
            x, y, weights = contract.parts(permuted)
            history = model.fit(
                x, y, sample_weight=weights, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0
            ).history
            return history, contract.save_state(model), None
        epoch = engine.compile_epoch(model, split, BATCH, EPOCHS)
        trajectory = contract.train(model, epoch, [order] * EPOCHS, None)
    return trajectory.history, contract.save_state(model), trajectory.losses


@pytest.mark.parametrize("case", CASES)
def test_engine_equals_fit(case: str) -> None:
    # float32's rounding: a sum of a few dozen terms, over 10 steps. Fused kernels round otherwise than eager ones.
    expected_history, expected, _ = trained(case, "float32", with_fit=True)
    history, got, losses = trained(case, "float32", with_fit=False)
    assert losses is not None and losses.shape == (EPOCHS * -(-ROWS // BATCH),)
    assert history.keys() == expected_history.keys()
    for name, values in expected_history.items():
        np.testing.assert_allclose(history[name], np.asarray(values, float), rtol=2e-5, atol=1e-6, err_msg=name)
    assert len(got) == len(expected)
    for mine, keras_own in zip(got, expected, strict=True):
        np.testing.assert_allclose(np.asarray(mine, float), np.asarray(keras_own, float), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("case", ["adam", "batch normalization", "dropout", "regularizers", "sample weights"])
def test_the_comparison_with_fit_notices_a_lost_batch(case: str) -> None:
    _, expected, _ = trained(case, "float32", with_fit=True)
    engine = get_engine(keras.backend.backend())
    build, select = CASES[case]
    split: Split = select(rows()).astype("float32")
    order = draws.batch_order(0, 0, ROWS)
    with draws.initial_weights(1):
        model = contract.build_model(build, split.take(slice(0, BATCH)))
    with draws.identical_masks():
        epoch = engine.compile_epoch(model, split, BATCH, EPOCHS)
        contract.train(model, epoch, [order, order[: ROWS - ROWS % BATCH]], None)
    worst = max(
        float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max(initial=0))
        for a, b in zip(contract.save_state(model), expected, strict=True)
    )
    assert worst > 1e-3
