"""Unit A: the facts of its exercises that their checks don't ask of the reference already."""

import keras
import numpy as np
import pytest

from multibackend.course.exercise import find
from multibackend.course.words import read_figures
from multibackend_course.a_first_steps import (
    a2_activation,
    a3_regression_net,
    a4_compile,
    a5_houses,
    a7_softmax_layer,
    a8_tumor_classifier,
    a9_tumors,
    a10_cross_entropies,
    a11_learning_rates,
    a12_batches_and_epochs,
    a13_optimizers,
    a14_sigmoid_neuron,
)


def describe_picture(figure):
    """Describe a picture with one pair of axes: title, labels, scale, and the names in its legend."""
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(axes.lines) == len(names)
    return axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale(), names


@pytest.mark.parametrize(
    ("module", "units", "activation"), [(a2_activation, 60, "relu"), (a7_softmax_layer, 10, "softmax")]
)
def test_a2_and_a7_say_units_and_activation_on_one_layer(module, units, activation):
    layer = module.make_layer()
    assert (layer.units, layer.activation.__name__) == (units, activation)


@pytest.mark.parametrize(
    ("model", "parameters"), [(a3_regression_net.build_model(2), 121), (a8_tumor_classifier.build_model(), 102)]
)
def test_a3_and_a8_are_sequences_of_two_layers_with_their_parameters(model, parameters):
    assert isinstance(model, keras.Sequential)
    assert len(model.layers) == 2
    assert model.count_params() == parameters
    assert model.input_shape == (None, 2)


def test_a4_gives_both_as_strings():
    class Recorder:
        def compile(self, **arguments):
            self.arguments = arguments

    assert a4_compile.compile_model(Recorder()).arguments == {"optimizer": "sgd", "loss": "mean_squared_error"}
    model = a4_compile.compile_model(a3_regression_net.build_model(2))
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.loss == "mean_squared_error"


def test_a5_raw_is_infinite_at_the_second_step():
    data = a5_houses.load_data()
    assert (data.training.rows, data.test.rows) == (150, 50)
    keras.utils.set_random_seed(0)
    losses = a5_houses.follow_losses(a5_houses.build_model(), data.training)
    assert len(losses) == 5
    assert 1e18 < losses[0] < 1e20
    assert not np.isfinite(losses[1:]).any()


def test_a5_a_scaler_fitted_on_the_test_rows_too_gives_other_numbers():
    raw, data = a5_houses.load_data(), a5_houses.load_standardised_data()
    both = np.concatenate([raw.training.inputs, raw.test.inputs])
    mistaken = (raw.test.inputs - both.mean(axis=0)) / both.std(axis=0)
    assert np.abs(mistaken - data.test.inputs).max() > 0.01


def test_a5_picture():
    figure = a5_houses.draw_losses(raw=[1e19, np.inf, np.nan], standardised=[1.0, 0.5, 0.2])
    title, x, y, scale, names = describe_picture(figure)
    assert (title, x, y, scale) == ("House prices: the loss, batch by batch", "step", "mean squared error", "log")
    assert names == ["raw columns: 3 losses, 1 finite", "standardised columns: 3 losses, 3 finite"]


def test_a9_has_the_rows_of_eight_steps_and_the_loss_of_a_coin():
    data = a9_tumors.load_data()
    assert (data.training.rows, data.test.rows) == (240, 80)
    assert data.training.targets.mean() == pytest.approx(0.5, abs=0.05)
    assert a9_tumors.loss_of_ignorance(2) == pytest.approx(0.693, abs=5e-4)


def test_a10_by_hand_equals_keras():
    random = np.random.default_rng(0)
    classes, ones = random.integers(2, size=6), random.uniform(size=6).astype("float32")
    classes[:2], ones[:2] = 1, (0, 1)  # certain: once wrong, once right
    both = np.stack([1 - ones, ones], axis=1)
    one_hot = np.eye(2, dtype="float32")[classes]

    def mean(losses):
        return float(keras.ops.mean(losses))

    binary = mean(keras.losses.binary_crossentropy(classes[:, np.newaxis].astype("float32"), ones[:, np.newaxis]))
    categorical = mean(keras.losses.categorical_crossentropy(one_hot, both))
    sparse = mean(keras.losses.sparse_categorical_crossentropy(classes.astype("int32"), both))
    # Logarithms in single precision, of a probability of 1e-7 too.
    assert a10_cross_entropies.binary_crossentropy(classes, ones) == pytest.approx(binary, rel=1e-5)
    assert a10_cross_entropies.categorical_crossentropy(one_hot, both) == pytest.approx(categorical, rel=1e-5)
    assert a10_cross_entropies.sparse_categorical_crossentropy(classes, both) == pytest.approx(sparse, rel=1e-5)
    assert binary == pytest.approx(categorical, rel=1e-5)
    assert binary == pytest.approx(sparse, rel=1e-5)


def test_a10_sparse_labels_take_a_fortieth():
    figures = a10_cross_entropies.figures()
    assert figures["one_hot_bytes"] == 40 * figures["sparse_bytes"]


def test_a11_a_sweep_diverges_converges_and_crawls():
    inputs, targets = a11_learning_rates.load_data()
    sweep = {rate: a11_learning_rates.train(inputs, targets, rate, epochs=10) for rate in (0.001, 0.1, 0.6)}
    title, x, y, scale, names = describe_picture(a11_learning_rates.draw_losses(sweep))
    assert (title, x, y, scale) == ("One training at several learning rates", "epoch", "loss", "log")
    assert names == ["0.001: crawls", "0.1: converges", "0.6: diverges"]
    assert 0.5 < a11_learning_rates.largest_rate(inputs) < 0.6


def test_a11_the_limit_is_where_divergence_begins():
    inputs, targets = a11_learning_rates.load_data()
    columns = np.column_stack([inputs, np.ones(len(inputs))]).astype("float64")
    limit = a11_learning_rates.largest_rate(inputs)
    for rate, expected in ((0.99 * limit, "converges"), (1.01 * limit, "diverges")):
        weights, losses = np.zeros((3, 1)), []
        for _ in range(300):
            errors = columns @ weights - targets
            losses.append(float((errors**2).mean()))
            weights -= rate * 2 * columns.T @ errors / len(columns)
        assert a11_learning_rates.describe(losses) == expected


@pytest.mark.parametrize(
    ("rows", "batch_size", "steps"), [(150, 32, 5), (129, 32, 5), (160, 32, 5), (161, 32, 6), (240, 32, 8), (1, 64, 1)]
)
def test_a12_an_epoch_has_ceil_of_rows_over_batch_steps(rows, batch_size, steps):
    assert a12_batches_and_epochs.steps_per_epoch(rows, batch_size) == steps == int(np.ceil(rows / batch_size))


def test_a12_updates_are_steps_times_epochs_and_more_of_them_learn_more():
    figures = {name: float(text) for name, text in read_figures(find("A12").words_path).items()}
    epochs, sizes = a12_batches_and_epochs.EPOCHS, a12_batches_and_epochs.BATCH_SIZES
    for batch_size in sizes:
        assert figures[f"updates_{batch_size}"] == epochs * np.ceil(200 / batch_size)
    losses = [figures[f"loss_{batch_size}"] for batch_size in sizes]
    assert losses == sorted(losses, reverse=True)


def test_a12_picture():
    title, x, y, scale, names = describe_picture(a12_batches_and_epochs.draw_losses({32: [1.0, 0.5], 8: [0.5, 0.1]}))
    assert (title, x, y, scale) == ("One training with several batch sizes", "epoch", "loss", "log")
    assert names == ["32", "8"]


def test_a13_first_steps_of_all_four():
    gradient = np.array([100, -0.01], "float32")
    steps = {
        name: a13_optimizers.first_step(optimizer, gradient)
        for name, optimizer in a13_optimizers.make_optimizers(0.01).items()
    }
    # Adagrad's sum of squares begins at 0.1, RMSprop's mean takes a tenth of the first square (Keras' defaults); each
    # adds 1e-7, which is up to a hundredth of the smaller square.
    expected = {
        "SGD": [-1, 1e-4],
        "Adagrad": [-0.01, 1e-4 / np.sqrt(0.1001)],
        "RMSprop": [-0.01 / np.sqrt(0.1), 0.01 / np.sqrt(0.1)],
        "Adam": [-0.01, 0.01],
    }
    assert list(steps) == list(expected)
    for name, step in expected.items():
        assert steps[name] == pytest.approx(step, rel=0.01), name


def test_a13_picture():
    losses = {name: [0.7, 0.5] for name in a13_optimizers.make_optimizers(0.01)}
    title, x, y, scale, names = describe_picture(a13_optimizers.draw_losses(losses))
    assert (title, x, y, scale) == ("One training under several optimizers", "epoch", "loss", "linear")
    assert names == ["SGD", "Adagrad", "RMSprop", "Adam"]


def test_a14_neither_overflows_nor_loses_small_answers():
    neuron = a14_sigmoid_neuron.SigmoidNeuron(np.array([1.0]), 0.0)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = neuron(np.array([[1000.0], [-1000.0], [-30.0], [0.0]]))
    assert found == pytest.approx([1, 0, np.exp(-30), 0.5], rel=1e-12)
