"""Facts of unit E that its checks don't ask about: input_dim, the summaries, and what standardising is worth."""

from __future__ import annotations

import os

import keras
import numpy as np
import pytest

from multibackend_course.e_day_of_keras import (
    e0_environment,
    e1_empty_model,
    e2_configurations,
    e3_regression_net,
    e4_breast_cancer,
)


def test_e0_names_this_environments_backend():
    found = e0_environment.describe_environment()
    assert set(found) == {"python", "keras", "backend", "backend_version", "device"}
    assert found["backend"] == os.environ["KERAS_BACKEND"]
    assert found["keras"] == keras.__version__
    assert {type(value) for value in found.values()} == {str}
    assert found["backend_version"].split(".")[0].isdigit()


def test_e1_an_empty_model_is_printed_with_no_parameters():
    model = e1_empty_model.make_model()
    text = e1_empty_model.read_summary(model)
    assert model.name in text
    assert "Total params: 0" in text
    assert "Dense" not in text
    assert (model.weights, model.built) == ([], False)


def test_e2_configurations_have_these_fields_and_no_inputs():
    for configuration in e2_configurations.read_configurations(e2_configurations.make_layers()):
        assert {"name", "units", "activation", "use_bias", "kernel_initializer", "bias_initializer"} <= set(
            configuration
        )
        assert not {"input_dim", "input_shape", "batch_input_shape"} & set(configuration)


def test_e2_keras_warns_of_input_dim_and_keeps_none_of_it():
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`/`input_dim` argument"):
        layer = keras.layers.Dense(8, input_dim=5)
    plain = keras.layers.Dense(8, name=layer.name)
    assert layer.get_config() == plain.get_config()
    assert not layer.built


def test_e3_the_summary_has_48_36_and_5_of_89_parameters():
    model = e3_regression_net.build_model()
    assert e3_regression_net.count_parameters(model) == [48, 36, 5]
    text = e1_empty_model.read_summary(model)
    assert all(word in text for word in ("(None, 8)", "(None, 4)", "(None, 1)", "48", "36", "Total params: 89"))


def test_e4_both_plans_have_fewer_than_50_epochs_of_batches_of_32():
    for experiment in (e4_breast_cancer.raw, e4_breast_cancer.standardised):
        assert experiment.plan.epochs < 50
        assert experiment.plan.batch_size == 32
    assert e4_breast_cancer.raw.plan == e4_breast_cancer.standardised.plan


def test_e4_a_scaler_fitted_to_the_test_rows_moves_them():
    raw, right = e4_breast_cancer.load_data(), e4_breast_cancer.load_standardised_data()
    mistaken = (raw.test.inputs - raw.test.inputs.mean(axis=0)) / raw.test.inputs.std(axis=0)
    assert np.abs(right.test.inputs.mean(axis=0)).max() > 0.01
    assert np.abs(mistaken - right.test.inputs).max() > 0.1
    assert np.allclose(right.training.inputs.mean(axis=0), 0, atol=1e-9)


def test_e4_draws_both_trainings_in_one_picture():
    histories = {"raw": {"accuracy": [0.5, 0.6]}, "standardised": {"accuracy": [0.7, 0.9]}}
    (axes,) = e4_breast_cancer.draw_accuracies(histories).axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[0.5, 0.6], [0.7, 0.9]]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2], [1, 2]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(histories)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "training accuracy")
    assert axes.get_title()
