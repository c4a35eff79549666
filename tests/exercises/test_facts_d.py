"""Facts of unit D that no check of a submission asserts: what holds on every backend, and what differs between them."""

from __future__ import annotations

import hashlib
import random

import keras
import numpy as np
import pytest

from multibackend import draws
from multibackend.datasets.builtin import load_mnist
from multibackend.draws.order import make_generator
from multibackend_course.d_keras_notes import (
    d1_sequential,
    d2_looking_inside,
    d3_small_cnn,
    d4_initializers,
    d5_optimizers_by_name,
    d6_history,
    d7_evaluate_and_predict,
    d8_accuracy_by_hand,
    d9_newaxis,
)

BACKEND = keras.backend.backend()


def digest(arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def without_names(config):
    """A model's configuration without the names that Keras makes up, at any depth."""
    if isinstance(config, dict):
        return {key: without_names(value) for key, value in config.items() if key != "name"}
    return [without_names(value) for value in config] if isinstance(config, list) else config


# D1


def test_d1_both_ways_give_the_same_parameters_and_the_same_configuration():
    models = d1_sequential.build_from_list(), d1_sequential.build_by_adding()
    assert [model.count_params() for model in models] == [835, 835]
    assert [[layer.count_params() for layer in model.layers] for model in models] == [[544, 264, 27]] * 2
    first, second = (model.get_config()["layers"] for model in models)
    assert first != second
    assert without_names(first[1:]) == without_names(second[1:])  # the first is the input, known by its shape alone
    assert models[0].input_shape == models[1].input_shape == (None, 16)
    assert d1_sequential.has_same_config(*models)


# D2


def test_d2_the_model_of_the_answer():
    model = d2_looking_inside.build_model()
    assert d2_looking_inside.list_layers(model) == [("Dense", 56), ("Dense", 27)]
    assert d2_looking_inside.list_weight_shapes(model) == [(6, 8), (8,), (8, 3), (3,)]
    summary = d2_looking_inside.write_summary(model)
    assert "(None, 8)" in summary and "(None, 3)" in summary
    assert "Total params: 83" in summary


def test_d2_none_stands_for_any_number_of_rows():
    model = d2_looking_inside.build_model()
    for rows in (1, 32, 1_000):
        assert d2_looking_inside.output_shapes(model, rows) == ((None, 3), (rows, 3))


# D3


def test_d3_channels_come_last_and_three_means_three_by_three():
    model = d3_small_cnn.build_model()
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.kernel_size for layer in convolutions] == [(3, 3), (3, 3)]
    assert {layer.data_format for layer in convolutions} == {keras.config.image_data_format()} == {"channels_last"}
    assert [layer.count_params() for layer in model.layers if layer.weights] == [80, 1_168, 7_850]
    assert d3_small_cnn.trace_shapes(model)[0] == (28, 28, 8)


# D4


UNSEEDED = {"torch": 0.0330676, "jax": -0.0548759, "tensorflow": 0.0063325}


def test_d4_backends_draw_differently_from_one_seed():
    drawn = numpy_of(keras.initializers.RandomNormal(0.0, 0.05, seed=1)((2, 2)))
    assert drawn[0, 0] == pytest.approx(UNSEEDED[BACKEND], abs=1e-6)


def _built(build, seed):
    with draws.initial_weights(seed):
        return build().get_weights()


IDENTICAL = {
    "build_by_name": "ec6e674430b48b80",
    "build_by_object": "61dfb3ef48715f7e",
    "build_by_function": "e93c66afb8e832e9",
}


@pytest.mark.parametrize("name", IDENTICAL)
def test_d4_under_draws_all_weights_are_the_same_to_the_bit_on_every_backend(name):
    assert digest(_built(getattr(d4_initializers, name), seed=0)) == IDENTICAL[name]


def test_d4_without_draws_only_the_function_gives_these_weights():
    found = {name: digest(getattr(d4_initializers, name)().get_weights()) for name in IDENTICAL}
    assert {name for name in IDENTICAL if found[name] == IDENTICAL[name]} == {"build_by_function"}


def _two_generators(seed):
    """The generators of `draws`: Keras seeds initializers from Python's generator, in the order of the layers."""
    source = random.Random(seed)
    return [make_generator(source.randint(1, int(1e9)), 0) for _ in range(2)]


def test_d4_under_draws_names_give_what_numpy_alone_computes():
    first, second = _two_generators(0)
    weights = _built(d4_initializers.build_by_name, seed=0)
    limit = np.sqrt(6 / 50)
    np.testing.assert_array_equal(weights[0], (-0.05 + 0.1 * first.random((40, 50))).astype("float32"))
    np.testing.assert_array_equal(weights[2], (-limit + 2 * limit * second.random((50, 30))).astype("float32"))
    np.testing.assert_array_equal(weights[1], np.zeros(50))
    np.testing.assert_array_equal(weights[3], np.zeros(30))


def test_d4_under_draws_objects_give_what_numpy_alone_computes():
    first, second = _two_generators(0)
    weights = _built(d4_initializers.build_by_object, seed=0)
    np.testing.assert_array_equal(weights[0], (0.05 * first.standard_normal((40, 50))).astype("float32"))
    q, r = np.linalg.qr(second.standard_normal((50, 30)).astype("float32").astype("float64"))
    np.testing.assert_array_equal(weights[2], (q * np.sign(np.diag(r))).astype("float32"))
    np.testing.assert_array_equal(weights[1], np.full(50, 0.4, "float32"))
    np.testing.assert_array_equal(weights[3], np.full(30, 0.4, "float32"))


def test_d4_the_function_gives_what_numpy_alone_computes_with_draws_and_without():
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(40, 50)) / np.sqrt(40)
    for kernel in (
        _built(d4_initializers.build_by_function, 0)[0],
        d4_initializers.build_by_function().get_weights()[0],
    ):
        np.testing.assert_array_equal(kernel, signs.astype("float32"))
    np.testing.assert_allclose(np.linalg.norm(signs, axis=0), 1, rtol=1e-12)


def test_d4_an_orthogonal_kernel_is_orthogonal_within_rounding_on_every_backend():
    kernel = d4_initializers.build_by_object().get_weights()[2].astype("float64")
    # 50 products of numbers below 1, each rounded to float32, and a QR decomposition in float32.
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(30), atol=1e-5)


# D5

OPTIMIZERS = ("sgd", "adam", "adadelta", "rmsprop")


def _update(name, weight, gradient, state, step):
    """The new weight by each rule with Keras' usual settings, in float64; `state` holds its two slots.

    Kingma and Ba (2015), Zeiler (2012), Tieleman and Hinton (2012), epsilon where Keras' documentation has it.
    """
    if name == "sgd":
        return weight - 0.01 * gradient
    if name == "adam":
        state[0] = 0.9 * state[0] + 0.1 * gradient
        state[1] = 0.999 * state[1] + 0.001 * gradient**2
        rate = 0.001 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        return weight - rate * state[0] / (np.sqrt(state[1]) + 1e-7)
    if name == "adadelta":
        state[0] = 0.95 * state[0] + 0.05 * gradient**2
        change = np.sqrt(state[1] + 1e-7) / np.sqrt(state[0] + 1e-7) * gradient
        state[1] = 0.95 * state[1] + 0.05 * change**2
        return weight - 0.001 * change
    assert name == "rmsprop"
    state[0] = 0.9 * state[0] + 0.1 * gradient**2
    return weight - 0.001 * gradient / np.sqrt(state[0] + 1e-7)


def _forward(weights, inputs):
    hidden = np.maximum(inputs @ weights[0] + weights[1], 0)
    exponentials = np.exp(hidden @ weights[2] + weights[3])
    return hidden, exponentials / exponentials.sum(axis=1, keepdims=True)


def _train_in_numpy(name, weights, inputs, targets):
    """Loss, accuracy and mae over an epoch of 20 steps, the weights moving, and the loss on all its rows afterwards."""
    weights, states, sums = list(weights), [[0.0, 0.0] for _ in weights], np.zeros(3)
    for step in range(20):
        x, y = (rows[64 * step : 64 * step + 64] for rows in (inputs, targets))
        hidden, p = _forward(weights, x)
        sums += -np.log(p[y == 1]).sum(), (p.argmax(axis=1) == y.argmax(axis=1)).sum(), np.abs(p - y).mean(axis=1).sum()
        at_output = (p - y) / 64
        at_hidden = (at_output @ weights[2].T) * (hidden > 0)
        gradients = x.T @ at_hidden, at_hidden.sum(axis=0), hidden.T @ at_output, at_output.sum(axis=0)
        weights = [_update(name, w, g, state, step + 1) for w, g, state in zip(weights, gradients, states, strict=True)]
    return [*sums / 1_280, -np.log(_forward(weights, inputs)[1][targets == 1]).mean()]


@pytest.fixture(scope="module")
def digits():
    return d5_optimizers_by_name.load_data()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_d5_each_optimizers_trajectory_is_the_same_on_every_backend(name, digits):
    data = digits.training.take(slice(1_280)).astype("float32")
    model = d5_optimizers_by_name.build_model(name)
    generator = np.random.default_rng(0)
    kernels = [generator.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)) for shape in ((784, 32), (32, 10))]
    weights = [w.astype("float32") for w in (kernels[0], np.zeros(32), kernels[1], np.zeros(10))]
    model.set_weights(weights)
    history = d5_optimizers_by_name.train(model, data.inputs, data.targets, epochs=1)
    probabilities = model.predict(data.inputs, verbose=0, batch_size=1_280)
    after = -np.log(probabilities[data.targets == 1].astype("float64")).mean()
    found = [history[measure][0] for measure in ("loss", "accuracy", "mae")] + [after]
    inputs, targets = data.inputs.astype("float64"), data.targets.astype("float64")
    expected = _train_in_numpy(name, [w.astype("float64") for w in weights], inputs, targets)
    # 20 steps in float32 move a loss by up to 3e-6 of it (Adam); the rules' losses differ in the first digits.
    assert found == pytest.approx(expected, rel=1e-5)


def test_d5_the_experiments_differ_in_their_optimizer_alone():
    experiments = [getattr(d5_optimizers_by_name, name) for name in OPTIMIZERS]
    assert [experiment.name for experiment in experiments] == [f"D5-{name}" for name in OPTIMIZERS]
    assert len({(experiment.plan, experiment.quick, experiment.load_data) for experiment in experiments}) == 1
    models = [experiment.build_model() for experiment in experiments]
    assert [type(model.optimizer).__name__.lower() for model in models] == list(OPTIMIZERS)
    assert {model.count_params() for model in models} == {25_450}


def test_d5_data_are_digits_from_zero_to_one_and_one_hot(digits):
    assert (digits.training.inputs.shape, digits.test.inputs.shape) == ((5_000, 784), (2_000, 784))
    assert (digits.training.inputs.min(), digits.training.inputs.max()) == (0, 1)
    assert digits.training.targets[0].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert (digits.test.targets.sum(axis=1) == 1).all()
    assert d5_optimizers_by_name.sgd.plan.steps_per_epoch(digits.training.rows) == 79
    assert d5_optimizers_by_name.sgd.quick.steps_per_epoch(digits.training.rows) == 20


def test_d5_draws_a_curve_for_each_optimizer():
    histories = {name: {"loss": [2.0, 1.0 / (1 + i)]} for i, name in enumerate(OPTIMIZERS)}
    (axes,) = d5_optimizers_by_name.draw_losses(histories).axes
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [h["loss"] for h in histories.values()]
    assert axes.get_lines()[0].get_xdata().tolist() == [1, 2]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(OPTIMIZERS)
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (
        "One network, four optimizers",
        "epoch",
        "cross-entropy",
    )


# D6


def test_d6_a_real_history_as_table_and_curves():
    history = d6_history.train(d6_history.build_model(), epochs=3)
    table = d6_history.to_table(history)
    assert sorted(table.columns) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert table.shape == (3, 4)
    assert {dtype.name for dtype in table.dtypes} == {"float64"}
    assert table.index.tolist() == [1, 2, 3]
    assert history.epoch == [0, 1, 2]  # Keras counts from 0
    assert d6_history.best_epoch(table) in (1, 2, 3)
    parts = d6_history.draw_curves(table).axes
    assert [axes.get_title() for axes in parts] == ["loss", "accuracy"]
    for axes in parts:
        measure = axes.get_title()
        expected = [table[measure].tolist(), table[f"val_{measure}"].tolist()]
        assert [line.get_ydata().tolist() for line in axes.get_lines()] == expected
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", measure)


def test_d6_the_given_training_over_fits():
    model, generator = d6_history.build_model(), np.random.default_rng(0)
    kernels = [generator.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)) for shape in ((4, 64), (64, 2))]
    model.set_weights([kernels[0], np.zeros(64), kernels[1], np.zeros(2)])
    table = d6_history.to_table(d6_history.train(model, epochs=40))
    best = d6_history.best_epoch(table)
    assert 10 < best < 35
    assert table["val_loss"].iloc[-1] > 1.1 * table["val_loss"][best]
    assert table["loss"].iloc[-1] < 0.5 * table["loss"][best]


# D7


def test_d7_what_evaluate_and_predict_return():
    model = d7_evaluate_and_predict.build_model()
    inputs = np.random.default_rng(0).normal(size=(50, 5)).astype("float32")
    classes = np.arange(50) % 3
    probabilities = d7_evaluate_and_predict.predict_probabilities(model, inputs)
    assert type(probabilities) is np.ndarray
    assert (probabilities.shape, probabilities.dtype) == ((50, 3), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert d7_evaluate_and_predict.predict_classes(model, inputs).shape == (50,)
    assert d7_evaluate_and_predict.predict_one(model, inputs[0]).shape == (3,)
    loss, accuracy = model.evaluate(inputs, classes, verbose=0)
    assert d7_evaluate_and_predict.measure(model, inputs, classes) == {"loss": loss, "accuracy": accuracy}
    assert loss == pytest.approx(-np.log(probabilities[np.arange(50), classes]).mean(), rel=1e-5)


# D8


def test_d8_the_example_is_half_right_both_ways():
    y_true, y_pred = d8_accuracy_by_hand.Y_TRUE, d8_accuracy_by_hand.Y_PRED
    assert y_true.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert y_pred.tolist() == [[0.4, 0.6], [0.3, 0.7], [0.05, 0.95], [0.33, 0.67]]
    assert float(keras.ops.mean(keras.ops.equal(y_true, keras.ops.round(y_pred)))) == 0.5
    assert d8_accuracy_by_hand.cell_accuracy(y_true, y_pred) == 0.5
    assert d8_accuracy_by_hand.row_accuracy(y_true, y_pred) == 0.5


def test_d8_rounding_leaves_a_row_of_three_classes_without_a_one():
    y_pred = [[0.4, 0.35, 0.25]]
    assert numpy_of(keras.ops.round(y_pred)).tolist() == [[0, 0, 0]]
    for target in np.eye(3):
        assert d8_accuracy_by_hand.cell_accuracy(target[np.newaxis], y_pred) == pytest.approx(2 / 3)
    assert d8_accuracy_by_hand.row_accuracy([[0.0, 1.0, 0.0]], y_pred) == 0
    assert numpy_of(keras.ops.round([0.5, 1.5])).tolist() == [0, 2]


def test_d8_keras_counts_rows_of_one_hot_labels_and_cells_of_binary_ones():
    generator = np.random.default_rng(0)
    y_true, y_pred = np.eye(4, dtype="float32")[generator.integers(0, 4, 60)], generator.dirichlet(np.ones(4), 60)
    by_rows = float(numpy_of(keras.metrics.CategoricalAccuracy()(y_true, y_pred)))
    by_cells = float(numpy_of(keras.metrics.BinaryAccuracy()(y_true, y_pred)))
    assert d8_accuracy_by_hand.row_accuracy(y_true, y_pred) == pytest.approx(by_rows, rel=1e-6)
    assert d8_accuracy_by_hand.cell_accuracy(y_true, y_pred) == pytest.approx(by_cells, rel=1e-6)
    assert by_cells > by_rows + 0.2


# D9


def test_d9_mnist_gets_its_channel_without_a_copy():
    images = load_mnist()[2]
    with_channel = d9_newaxis.add_channel(images)
    assert with_channel.shape == (10_000, 28, 28, 1)
    assert np.shares_memory(images, with_channel)
    assert d9_newaxis.add_batch(images[0]).shape == (1, 28, 28)


def test_d9_newaxis_is_none_and_tensors_take_it():
    assert np.newaxis is None
    tensor = keras.ops.convert_to_tensor(np.arange(24.0).reshape(2, 3, 4))
    for found in (d9_newaxis.add_channel(tensor), keras.ops.expand_dims(tensor, -1)):
        assert tuple(found.shape) == (2, 3, 4, 1)


def test_d9_a_row_against_a_column_makes_a_table():
    assert d9_newaxis.subtract_pairs(np.array([1.0, 4.0])).tolist() == [[0, -3], [3, 0]]
    targets, predictions = np.zeros(5), np.zeros((5, 1))
    assert (targets - predictions).shape == (5, 5)
