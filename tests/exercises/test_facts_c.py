"""Facts of unit C that its checks don't ask about: baselines on all images, what trainings reach, pictures."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from multibackend import Split
from multibackend.course.exercise import find
from multibackend.course.words import read_figures
from multibackend.datasets.builtin import load_mnist
from multibackend_course.c_scikit_to_deep import (
    c1_flat_digits,
    c2_naive_bayes,
    c4_linear_regression,
    c5_logistic_regression,
    c6_softmax_regression,
    c7_mnist_batchnorm,
    c8_larger_batches,
    c9_deeper,
)

ROWS = 12_800


@pytest.fixture(scope="module")
def first() -> Iterator[tuple[Split, Split]]:
    """The first training images, and as many test images as `quick` plans use, raw and flat, in single precision."""
    data = c7_mnist_batchnorm.experiment.quick.limit(c7_mnist_batchnorm.load_data()).astype("float32")
    assert data.training.rows == ROWS
    yield data.training, data.test


def _train_alike(module, training: Split, test: Split, **plan: int) -> float:
    """Train from NumPy's weights, without shuffling; the test accuracy."""
    model = module.build_model()
    limit = np.sqrt(6 / 794)  # Glorot's
    model.layers[-1].set_weights([np.random.default_rng(0).uniform(-limit, limit, (784, 10)), np.zeros(10)])
    model.fit(training.inputs, training.targets, shuffle=False, verbose=0, **plan)
    return model.evaluate(test.inputs, test.targets, verbose=0, return_dict=True)["accuracy"]


def _texts(axes) -> list[str]:
    return [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]


def test_c1_the_sets_are_mnists_and_are_drawn():
    data = c1_flat_digits.load_data()
    assert (data.training.inputs.shape, data.test.inputs.shape) == ((60_000, 784), (10_000, 784))
    assert data.training.inputs.dtype == np.uint8
    images, digits, _, _ = load_mnist()
    figure = c1_flat_digits.draw_digits(images, digits)
    assert [axes.get_title() for axes in figure.axes] == [str(digit) for digit in digits[:12]]
    assert all(axes.images[0].get_array().shape == (28, 28) for axes in figure.axes)


def test_c2_naive_bayes_reaches_5558_on_the_raw_pixels():
    accuracy = c2_naive_bayes.measure_baseline()
    assert accuracy == 0.5558
    assert read_figures(find("C2").words_path) == {"accuracy": "0.5558"}


def test_c2_draws_the_mean_of_each_digit():
    images, digits, _, _ = load_mnist()
    model = c2_naive_bayes.fit(c2_naive_bayes.flatten(images[:1_000]), digits[:1_000])
    figure = c2_naive_bayes.draw_means(model)
    assert [axes.get_title() for axes in figure.axes] == [str(digit) for digit in range(10)]
    seven = images[:1_000][digits[:1_000] == 7].mean(axis=0)
    assert np.allclose(figure.axes[7].images[0].get_array(), seven)


def test_c4_linear_regression_reaches_860_on_all_images():
    accuracy = c4_linear_regression.measure_accuracy()
    assert accuracy == pytest.approx(0.860, abs=0.002)  # 0.8603 with scikit-learn 1.9.1, 0.8593 with an older release
    assert f"{accuracy:.4f}" == read_figures(find("C4").words_path)["accuracy"]


@pytest.fixture(scope="module")
def logistic():
    """A logistic regression of 2,000 images."""
    images, digits, _, _ = load_mnist()
    with pytest.warns(ConvergenceWarning):
        return c5_logistic_regression.fit(c5_logistic_regression.scale(images[:2_000]), digits[:2_000], 30)


def test_c5_reaches_89_from_its_subset():
    with pytest.warns(ConvergenceWarning):
        accuracy = c5_logistic_regression.measure_accuracy()
    assert accuracy == pytest.approx(float(read_figures(find("C5").words_path)["subset"]), abs=0.005)


def test_c5_ink_on_the_upper_bar_speaks_for_a_7(logistic):
    picture = c5_logistic_regression.picture_weights(logistic, 7)
    assert picture.shape == (28, 28)
    assert picture[8:12, 14:21].mean() > 0.05  # the bar
    assert picture[14:20, 6:13].mean() < -0.05  # left of the stroke
    blank = load_mnist()[0][:2_000].max(axis=0) == 0
    assert blank[0].all()  # the top line; where no image has ink, no gradient comes from
    assert not c5_logistic_regression.picture_weights(logistic, 7, 0.0)[blank].any()


def test_c5_smoothing_takes_the_noise_away(logistic):
    raw, smooth = (c5_logistic_regression.picture_weights(logistic, 7, blur) for blur in (0.0, 1.0))
    assert np.abs(np.diff(smooth)).mean() < 0.5 * np.abs(np.diff(raw)).mean()


def test_c5_draws_ten_digits_and_the_7(logistic):
    ten = c5_logistic_regression.draw_weights(logistic)
    *pictures, colors = ten.axes
    assert [axes.get_title() for axes in pictures] == [str(digit) for digit in range(10)]
    assert colors.get_ylabel() == "weight"
    assert len({axes.images[0].get_clim() for axes in pictures}) == 1
    seven = c5_logistic_regression.draw_digit(logistic)
    assert "7" in seven.get_suptitle()
    assert [_texts(axes) for axes in seven.axes[:2]] == [
        ["as they are", "column", "line"],
        ["smoothed by 1 pixel", "column", "line"],
    ]
    assert np.array_equal(seven.axes[1].images[0].get_array(), c5_logistic_regression.picture_weights(logistic, 7))


@pytest.mark.parametrize(
    ("module", "id", "plan", "steps"),
    [
        (c6_softmax_regression, "C6", (1, 32), 1_875),
        (c8_larger_batches, "C8", (5, 128), 469),
        (c9_deeper, "C9", (5, 128), 469),
    ],
)
def test_an_experiment_has_the_courses_plan(module, id, plan, steps):
    experiment = module.experiment
    assert experiment.name == id
    assert (experiment.plan.epochs, experiment.plan.batch_size) == plan
    assert (experiment.quick.batch_size, experiment.plan.training_rows) == (plan[1], 0)
    assert experiment.plan.steps_per_epoch(60_000) == steps


def test_c6_is_poor_and_c7_clearly_better_from_the_same_weights(first):
    poor = _train_alike(c6_softmax_regression, *first, batch_size=32)
    better = _train_alike(c7_mnist_batchnorm, *first, batch_size=32)
    assert better == pytest.approx(0.85, abs=0.02)  # of the first 2,000 test images, which are harder than the others
    assert 0.2 < poor < better - 0.04


def test_c7_to_c9_have_the_courses_parameters():
    assert c8_larger_batches.build_model().count_params() == c7_mnist_batchnorm.build_model().count_params() == 10_986
    assert c9_deeper.build_model().count_params() == 238_282
    counted = c7_mnist_batchnorm.count_parameters(c7_mnist_batchnorm.build_model())
    assert counted == {"trainable": 9_418, "frozen": 1_568}


def test_c8_draws_loss_and_accuracy():
    figure = c8_larger_batches.draw_history({"loss": [0.5, 0.3, 0.2], "accuracy": [0.8, 0.9, 0.91]})
    assert [_texts(axes) for axes in figure.axes] == [["loss", "epoch", "loss"], ["accuracy", "epoch", "accuracy"]]
    for axes, values in zip(figure.axes, ([0.5, 0.3, 0.2], [0.8, 0.9, 0.91]), strict=True):
        (line,) = axes.lines
        assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3], values)
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training"]


def test_c9_remembers_its_5000_images_better_than_it_reads_others(first):
    training, test = first
    keras.utils.set_random_seed(0)
    model = c9_deeper.build_model()
    remembered, read = c9_deeper.train_on_first(model, training, test, rows=5_000)
    assert remembered > 0.985
    assert 0.88 < read < remembered - 0.03

    misread = c9_deeper.find_misread(model, test.inputs, test.targets)
    assert len(misread) == round((1 - read) * test.rows)
    figure = c9_deeper.draw_misread(model, test.inputs, test.targets)
    assert figure.get_suptitle() == "Misread"
    assert len(figure.axes) == 12
    for axes, row in zip(figure.axes, misread, strict=False):
        assert np.array_equal(axes.images[0].get_array().reshape(784), test.inputs[row])
        right, taken = axes.get_title().split(", taken for ")
        assert int(right) == test.targets[row].argmax() != int(taken)


def test_c9_a_dense_net_whose_first_kernel_is_shuffled_alike_answers_the_same():
    random = np.random.default_rng(1)
    pixels, order = random.random((20, 784)), random.permutation(784)
    net, shuffled = c9_deeper.build_dense_net(), c9_deeper.build_dense_net()
    kernel, *others = net.get_weights()
    shuffled.set_weights([kernel[order], *others])
    expected = net.predict(pixels, verbose=0)
    found = shuffled.predict(c9_deeper.permute(pixels, order), verbose=0)
    assert np.allclose(found, expected, rtol=0, atol=1e-5)  # 784 products, added up in another order
    assert not np.allclose(net.predict(c9_deeper.permute(pixels, order), verbose=0), expected, rtol=0, atol=1e-3)


def test_c9_a_shuffle_of_the_pixels_hurts_the_convolutional_network_only():
    accuracies = c9_deeper.measure_permutation()
    quoted = read_figures(find("C9").words_path)
    names = {"dense": "dense, in place", "dense_shuffled": "dense, shuffled"}
    names |= {"cnn": "cnn, in place", "cnn_shuffled": "cnn, shuffled"}
    for name, text in quoted.items():
        # Two digits, and two images in 2,000 that may go the other way on another backend.
        assert accuracies[names[name]] == pytest.approx(float(text), abs=0.006), name
    assert abs(accuracies["dense, in place"] - accuracies["dense, shuffled"]) < 0.02
    assert accuracies["cnn, in place"] > accuracies["dense, in place"]
    assert accuracies["cnn, shuffled"] < accuracies["cnn, in place"] - 0.1

    figure = c9_deeper.draw_permutation(accuracies)
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == list(accuracies.values())
    assert _texts(axes) == ["One fixed shuffle of the pixels", "network, pixels", "test accuracy"]


def test_c9_the_convolutional_network_is_that_of_d3_and_smaller_than_the_dense_one():
    from multibackend_course.d_keras_notes.d3_small_cnn import build_model

    ours, theirs = c9_deeper.build_cnn(), build_model()
    assert [type(layer) for layer in ours.layers] == [keras.layers.Reshape, *(type(layer) for layer in theirs.layers)]
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert ours.count_params() == 9_098 < c9_deeper.build_dense_net().count_params()
