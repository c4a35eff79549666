"""Unit B's facts that no check asks a student for: dtypes by backend, numbers on the whole data, and the pictures."""

import io
import warnings

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from multibackend.datasets.builtin import load_california, load_cifar10, load_mnist
from multibackend.errors import DataUnavailable
from multibackend_course.b_introduction import (
    b1_randomness,
    b2_tensors,
    b3_reshaping,
    b4_perceptron,
    b5_three_apis,
    b6_mlp,
    b7_functional_mlp,
    b8_reading_weights,
    b9_mnist_mlp,
    b10_one_hot_digits,
    b12_cifar10,
    b13_california,
)

BACKEND = keras.config.backend()

B1_LOSSES = [11.96341, 3.70119, 1.38604]
"""The losses of three epochs from NumPy's weights in NumPy's order."""


def rows_or_skip(load):
    """Load rows that are fetched once, and may not be here."""
    try:
        return load()
    except DataUnavailable as error:
        pytest.skip(str(error))


def render(figure):
    """Draw it for good; a figure that can't be drawn raises here."""
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO())
    return figure


def curves(axes):
    return {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}


def test_b1_losses_are_these_on_every_backend():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(48, 3)).astype("float32")
    targets = (inputs @ np.array([[1.0], [-2.0], [3.0]], "float32") + 0.5).astype("float32")
    losses = b1_randomness.train(inputs, targets, seed=0, epochs=3)
    assert losses == pytest.approx(B1_LOSSES, rel=1e-4)  # nine steps in single precision


def test_b1_a_seed_of_keras_doesnt_make_these_weights():
    model, other = b1_randomness.build_model(3), b1_randomness.build_model(3)
    b1_randomness.initialise(model, 0)
    assert not np.allclose(model.get_weights()[0], other.get_weights()[0])
    b1_randomness.initialise(other, 0)
    assert np.array_equal(model.get_weights()[0], other.get_weights()[0])
    limit = np.sqrt(6 / 4)
    expected = np.random.default_rng(0).uniform(-limit, limit, (3, 1)).astype("float32")
    assert np.array_equal(model.get_weights()[0], expected)


def test_b2_dtypes_of_this_backend():
    dtypes = [b2_tensors.describe(make())[1] for make in (b2_tensors.from_numpy, b2_tensors.directly)]
    assert (
        dtypes
        == {
            "jax": ["int32", "int32"],
            "tensorflow": ["int64", "int32"],
            "torch": ["int64", "int32"],
        }[BACKEND]
    )
    assert [b2_tensors.describe(tensor) for tensor in b2_tensors.agreeing()] == [((2, 3), "int32")] * 2


def test_b2_jax_has_no_int64_and_cuts_what_doesnt_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # JAX says that it truncates when int64 is asked for by name
        assert b2_tensors.widest_integer() == ("int32" if BACKEND == "jax" else "int64")
    number = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(np.array([2**40 + 5])))[0]
    assert number == (5 if BACKEND == "jax" else 2**40 + 5)
    with pytest.raises(ValueError, match="at most 2147483647"):
        b2_tensors.to_int32(np.array([2**31]))
    assert keras.ops.convert_to_numpy(b2_tensors.to_int32(np.array([2**31 - 1, -(2**31)]))).tolist() == [
        2**31 - 1,
        -(2**31),
    ]


def test_b3_shapes_and_product():
    b = b3_reshaping.three_rows(b3_reshaping.matrix())
    assert keras.ops.convert_to_numpy(b3_reshaping.product(b)).tolist() == [[35, 44], [44, 56]]
    assert tuple(b3_reshaping.one_row(b3_reshaping.matrix()).shape) == (1, 6)
    assert tuple(b3_reshaping.blocks(keras.ops.arange(100)).shape) == (2, 25, 2)
    assert not np.array_equal(b, b3_reshaping.transposed(b3_reshaping.matrix()))


def test_b4_the_ways_to_import_a_layer_are_the_same_layer():
    ways = b4_perceptron.ways_to_dense()
    assert all(way is keras.layers.Dense for way in ways)
    assert b4_perceptron.is_one_class(ways)
    assert b4_perceptron.build_perceptron().count_params() == 11


def test_b5_three_ways_give_equal_outputs():
    models = [b5_three_apis.build_sequential(), b5_three_apis.build_functional(), b5_three_apis.Perceptron()]
    b5_three_apis.share_weights(models)
    assert [model.count_params() for model in models] == [11, 11, 11]
    rows = np.random.default_rng(0).normal(size=(5, 10)).astype("float32")
    outputs = [keras.ops.convert_to_numpy(model(rows)) for model in models]
    assert np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[0], outputs[2])


def test_b6_and_b7_are_one_network():
    sequential, functional = b6_mlp.build_mlp(), b7_functional_mlp.build_functional_mlp()
    for model in (sequential, functional, b7_functional_mlp.build_mlp(), b8_reading_weights.build_mlp()):
        assert b6_mlp.count_by_layer(model) == [200_960, 65_792, 32_896, 1_290]
        assert model.count_params() == 300_938
    b7_functional_mlp.copy_weights(sequential, functional)
    rows = np.random.default_rng(0).normal(size=(5, 784)).astype("float32")
    outputs = [keras.ops.convert_to_numpy(model(rows)) for model in (sequential, functional)]
    assert np.array_equal(*outputs)
    hidden = b7_functional_mlp.without_last_layer(functional)
    assert hidden.layers[1] is functional.layers[1]


def test_b8_weights_by_name_and_by_position_are_the_same():
    model = b8_reading_weights.build_mlp()
    for by_name, by_position in zip(
        b8_reading_weights.weights_by_name(model, "first"),
        b8_reading_weights.weights_by_position(model, 0),
        strict=True,
    ):
        assert np.array_equal(by_name, by_position)
    assert b8_reading_weights.name_first_with_weights(model) == "first"
    assert list(b8_reading_weights.shapes(model).items()) == [
        ("first", ((784, 256), (256,))),
        ("second", ((256, 256), (256,))),
        ("third", ((256, 128), (128,))),
        ("digits", ((128, 10), (10,))),
    ]


@pytest.mark.parametrize(
    ("case", "accuracy", "loss"),
    [
        ("high, low", 1.0, 0.00904),
        ("high, high", 0.9, 4.83543),
        ("low, low", 0.0, 0.71335),
        ("low, high", 0.0, 6.90776),
    ],
)
def test_b9_loss_and_accuracy_are_different_things(case, accuracy, loss):
    measured = b9_mnist_mlp.measure(b9_mnist_mlp.DIGITS, b9_mnist_mlp.four_cases()[case])
    assert measured == pytest.approx((loss, accuracy), abs=1e-5)


def test_b9_pictures():
    images, digits, *_ = load_mnist()
    figure = render(b9_mnist_mlp.draw_digits(images, digits))
    assert [axes.get_title() for axes in figure.axes] == [str(digit) for digit in digits[:20]]
    assert np.array_equal(figure.axes[0].images[0].get_array(), images[0])

    history = {"loss": [2.0, 1.0], "val_loss": [2.1, 1.2], "accuracy": [0.3, 0.6], "val_accuracy": [0.2, 0.5]}
    figure = render(b9_mnist_mlp.draw_learning_curves(history))
    for axes, measured in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert curves(axes) == {"training": history[measured], "validation": history[f"val_{measured}"]}
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", measured)
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]

    probabilities = np.eye(10)[digits[:30]]
    probabilities[[3, 7]] = np.eye(10)[(digits[[3, 7]] + 1) % 10] * [[0.6], [0.8]]
    figure = render(b9_mnist_mlp.draw_misread(images[:30], digits[:30], probabilities))
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == [f"read {(digits[i] + 1) % 10}, is {digits[i]}" for i in (7, 3)]  # the surest first
    assert figure.get_suptitle() == "2 of 30 images are misread"


def test_b10_losses_equal_b9s_step_for_step():
    images, digits, *_ = load_mnist()
    images, digits = b9_mnist_mlp.scale(images[:320]).astype("float32"), digits[:320].astype("int64")
    b9, b10 = b9_mnist_mlp.build_model(), b10_one_hot_digits.build_model()
    b10.set_weights(b9.get_weights())
    of_b9 = b10_one_hot_digits.losses_by_step(b9, images, digits, 64)
    of_b10 = b10_one_hot_digits.losses_by_step(b10, images, b10_one_hot_digits.one_hot(digits), 64)
    assert len(set(of_b9)) == 5
    assert of_b10 == pytest.approx(of_b9, rel=2e-6)  # some units in the last place of single precision
    for before, after in zip(b9.get_weights(), b10.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)


def test_b10_steps_and_plans_are_b9s():
    for experiment in (b9_mnist_mlp.experiment, b10_one_hot_digits.experiment):
        assert experiment.plan.steps_per_epoch(45_000) == 704
        assert (experiment.plan.epochs, experiment.plan.batch_size) == (20, 64)
    assert b10_one_hot_digits.experiment.plan == b9_mnist_mlp.experiment.plan
    assert b10_one_hot_digits.experiment.quick == b9_mnist_mlp.experiment.quick
    assert b10_one_hot_digits.experiment.name == "B10"


def test_b10_data_are_b9s_with_one_hot_labels():
    images, digits, test_images, test_digits = load_mnist()
    data = b10_one_hot_digits.load_data()
    for split, pixels, labels in (
        (data.training, images[:45_000], digits[:45_000]),
        (data.validation, images[45_000:], digits[45_000:]),
        (data.test, test_images, test_digits),
    ):
        assert split.targets.shape == (len(labels), 10)
        assert np.array_equal(b10_one_hot_digits.decode(split.targets), labels)
        assert np.array_equal(split.inputs[::500], b9_mnist_mlp.scale(pixels[::500]))


def test_b12_models_and_plan():
    model, narrower = b12_cifar10.experiment.build_model(), b12_cifar10.narrower.build_model()
    assert model.count_params() == 886_666
    assert narrower.count_params() == 864_418
    assert [layer.units for layer in narrower.layers if hasattr(layer, "units")] == [250, 250, 128, 10]
    assert b12_cifar10.experiment.name == "B12"
    assert b12_cifar10.experiment.plan == b12_cifar10.narrower.plan
    assert (b12_cifar10.experiment.plan.epochs, b12_cifar10.experiment.plan.batch_size) == (20, 64)
    assert b12_cifar10.experiment.plan.steps_per_epoch(50_000) == 782


def test_b12_guessing_gives_a_tenth():
    x_train, y_train, x_test, y_test = rows_or_skip(load_cifar10)
    assert (x_train.shape, y_train.shape) == ((50_000, 32, 32, 3), (50_000, 1))
    assert b12_cifar10.guess_accuracy(y_train) == 0.1
    assert b12_cifar10.guess_accuracy(y_test) == 0.1
    data = b12_cifar10.prepare(x_train[:400], y_train[:400], x_test[:100], y_test[:100])
    assert (data.training.rows, data.validation.rows, data.test.rows) == (400, 50, 50)
    assert (data.training.inputs.min(), data.training.inputs.max()) == (-1, 1)
    assert data.training.targets.shape == (400, 1)

    figure = render(b12_cifar10.draw_photographs(x_train, y_train))
    assert [axes.get_title() for axes in figure.axes] == [b12_cifar10.CLASSES[label] for label in y_train[:20, 0]]
    assert b12_cifar10.CLASSES[y_train[0, 0]] == "frog"  # the first of CIFAR-10's photographs
    assert np.array_equal(figure.axes[0].images[0].get_array(), x_train[0])


def test_b12_the_plot_shows_the_gap_of_over_fitting():
    history = {
        "loss": [2.0, 1.5, 1.0],
        "val_loss": [1.9, 1.6, 1.7],
        "accuracy": [0.3, 0.5, 0.7],
        "val_accuracy": [0.3, 0.5, 0.48],
    }
    assert b12_cifar10.best_epoch(history) == 2
    figure = render(b12_cifar10.draw_overfitting(history))
    for axes, measured in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert curves(axes) == {"training": history[measured], "validation": history[f"val_{measured}"]}
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation", "gap"]
        assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (measured, "epoch", measured)


def test_b13_the_mistake_moves_inputs_by_many_deviations():
    rows_or_skip(load_california)
    moved = b13_california.measure_scaler_mistake()
    assert moved == pytest.approx({"training": 0, "validation": 472.637, "test": 15.346}, abs=1e-3)
    # As the reader of the source's notebook sees it: its own test rows look perfect, the rightly scaled ones don't.
    right, mistaken = b13_california.load_data().test.inputs, b13_california.load_mistaken_data().test.inputs
    np.testing.assert_allclose(mistaken.mean(axis=0), 0, atol=1e-9)
    assert np.abs(right.mean(axis=0)).max() > 0.01

    figure = render(b13_california.draw_scaler_mistake(right, mistaken))
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["one scaler, of the training rows", "a scaler of its own"]


def test_b13_learning_curves():
    history = {"loss": [3.0, 0.5, 0.4], "val_loss": [1.0, 0.5, 0.45]}
    (axes,) = render(b13_california.draw_learning_curves(history)).axes
    assert curves(axes) == {"training": history["loss"], "validation": history["val_loss"]}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "mean squared error")
    assert axes.get_title() and axes.get_legend()
