"""Every training of the course is what the course says it is: layers, parameters, rows, steps, and what comes of it."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from multibackend.errors import DataUnavailable
from multibackend.train.load import load_experiment
from multibackend_course import EXPERIMENTS as CATALOGUE

ROOT = Path(__file__).resolve().parents[2]

# name: parameters, those of them that don't train, training / validation / test rows, steps an epoch (full, quick)
FACTS = {
    "A5-raw": (121, 0, (150, 0, 50), (5, 5)),
    "A5-standardised": (121, 0, (150, 0, 50), (5, 5)),
    "A9": (27, 0, (240, 0, 80), (8, 8)),
    "B9": (300_938, 0, (45_000, 15_000, 10_000), (704, 200)),
    "B10": (300_938, 0, (45_000, 15_000, 10_000), (704, 200)),
    "B12": (886_666, 0, (50_000, 5_000, 5_000), (782, 100)),
    "B13": (101, 0, (11_610, 3_870, 5_160), (363, 363)),
    "C6": (7_850, 0, (60_000, 0, 10_000), (1_875, 100)),
    "C7": (10_986, 1_568, (60_000, 0, 10_000), (1_875, 400)),
    "C8": (10_986, 1_568, (60_000, 0, 10_000), (469, 200)),
    "C9": (238_282, 1_568, (60_000, 0, 10_000), (469, 40)),
    "D3": (9_098, 0, (60_000, 0, 10_000), (938, 50)),
    "D5-sgd": (25_450, 0, (5_000, 0, 2_000), (79, 20)),
    "D5-adam": (25_450, 0, (5_000, 0, 2_000), (79, 20)),
    "D5-adadelta": (25_450, 0, (5_000, 0, 2_000), (79, 20)),
    "D5-rmsprop": (25_450, 0, (5_000, 0, 2_000), (79, 20)),
    "E4-raw": (371, 0, (426, 0, 143), (14, 14)),
    "E4-standardised": (371, 0, (426, 0, 143), (14, 14)),
}
EPOCHS = {  # full, quick
    "A5-raw": (1, 1),
    "A5-standardised": (50, 10),
    "A9": (1, 1),
    "B9": (20, 1),
    "B10": (20, 1),
    "B12": (20, 1),
    "B13": (50, 2),
    "C6": (1, 1),
    "C7": (1, 1),
    "C8": (5, 1),
    "C9": (5, 2),
    "D3": (2, 1),
    "D5-sgd": (5, 1),
    "D5-adam": (5, 1),
    "D5-adadelta": (5, 1),
    "D5-rmsprop": (5, 1),
    "E4-raw": (40, 20),
    "E4-standardised": (40, 20),
}

FETCHED = {"B12": "cifar10.npz", "B13": "california_housing.npz"}
BATCHES = {"B9": 64, "B10": 64, "B12": 64, "C8": 128, "C9": 128, "D3": 64, "D5": 64}


@pytest.fixture(autouse=True)
def shared_data(monkeypatch, tmp_path):
    """California's table from the sibling folder where no other is named; an empty cache."""
    shared = ROOT.parent / "shared/data"
    if "MULTIBACKEND_DATA" not in os.environ and shared.is_dir():
        monkeypatch.setenv("MULTIBACKEND_DATA", str(shared))
    monkeypatch.setenv("MULTIBACKEND_CACHE", str(tmp_path))


def _load_data(experiment):
    """The experiment's data, or None where they can't be had, which must be said in one line."""
    try:
        return experiment.load_data()
    except DataUnavailable as error:
        assert f"{FETCHED[experiment.name]}: not in" in str(error)
        assert "\n" not in str(error)
        return None


def _train(experiment, epochs):
    """Fit as the full plan says, from weights that are the same on every backend; the losses and the test result."""
    data = experiment.load_data()
    keras.utils.set_random_seed(0)
    model = experiment.build_model()
    random = np.random.RandomState(0)
    for variable in model.trainable_variables:
        if len(variable.shape) == 2:  # Glorot and Bengio (2010); biases stay zero
            limit = np.sqrt(6 / sum(variable.shape))
            variable.assign(random.uniform(-limit, limit, variable.shape))
    training, test = data.training.astype("float32"), data.test.astype("float32")
    history = model.fit(
        training.inputs,
        training.targets,
        batch_size=experiment.plan.batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    losses = [float(loss) for loss in history.history["loss"]]  # torch gives tensors
    return losses, model.evaluate(test.inputs, test.targets, verbose=0, return_dict=True)


def test_the_catalogue_is_in_the_courses_order_and_imports_no_keras():
    assert list(CATALOGUE) == list(FACTS) == list(EPOCHS)
    code = "import multibackend_course, sys; print('keras' in sys.modules, 'numpy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_experiment_bears_its_catalogued_name_and_plans(name):
    experiment = load_experiment(name)
    assert experiment.name == name
    assert (experiment.plan.epochs, experiment.quick.epochs) == EPOCHS[name]
    assert experiment.plan.batch_size == experiment.quick.batch_size == BATCHES.get(name.partition("-")[0], 32)
    assert experiment.diverges == (name == "A5-raw")


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_model_has_the_courses_parameters(name):
    model = load_experiment(name).build_model()
    parameters, frozen, *_ = FACTS[name]
    assert isinstance(model, keras.Sequential)
    assert model.compiled
    assert model.count_params() == parameters
    assert sum(int(np.prod(v.shape)) for v in model.non_trainable_variables) == frozen


@pytest.mark.parametrize("name", CATALOGUE)
def test_data_have_the_courses_rows_and_steps(name):
    experiment = load_experiment(name)
    data = _load_data(experiment)
    if data is None:
        return
    _, _, rows, (full, quick) = FACTS[name]
    assert (data.training.rows, data.validation.rows if data.validation else 0, data.test.rows) == rows
    assert experiment.plan.steps_per_epoch(data.training.rows) == full
    assert experiment.quick.steps_per_epoch(data.training.rows) == quick
    assert data.training.inputs.dtype == np.float64
    assert data.training.inputs.shape[1:] == experiment.build_model().input_shape[1:]
    assert np.isfinite(data.training.inputs).all()


def test_a5_raw_leaves_the_finite_numbers_within_an_epoch():
    losses, _ = _train(load_experiment("A5-raw"), epochs=1)
    assert not np.isfinite(losses[0])


def test_a5_standardised_converges():
    losses, test = _train(load_experiment("A5-standardised"), epochs=50)
    assert losses[-1] < 0.05 < losses[0]
    assert test["loss"] < 0.05


@pytest.mark.parametrize("name", ["A5-standardised", "E4-standardised", "B13"])
def test_the_scaler_saw_the_training_rows_only(name):
    data = _load_data(load_experiment(name))
    if data is None:
        return
    assert np.allclose(data.training.inputs.mean(axis=0), 0, atol=1e-9)
    assert np.allclose(data.training.inputs.std(axis=0), 1, atol=1e-9)
    assert not np.allclose(data.test.inputs.mean(axis=0), 0, atol=1e-3)


def test_a9_has_hardly_left_the_loss_of_ignorance():
    losses, _ = _train(load_experiment("A9"), epochs=1)
    assert losses[0] == pytest.approx(np.log(2), abs=0.05)


def test_b9_pixels_run_from_minus_one_to_one_and_relus_are_layers():
    from multibackend_course.b_introduction.b9_mnist_mlp import build_model, scale

    scaled = scale(np.array([[[0, 255]]], np.uint8))
    assert scaled.tolist() == [[[[-1.0], [1.0]]]]
    names = [type(layer).__name__ for layer in build_model().layers]
    assert names == ["Flatten", *["Dense", "Activation"] * 3, "Dense"]


def test_b13_shows_the_mistake_in_numbers():
    from multibackend_course.b_introduction import b13_california as b13

    if _load_data(b13.experiment) is None:
        return
    moved = b13.measure_scaler_mistake()
    assert moved["training"] == 0
    assert moved["validation"] > 0.1
    assert moved["test"] > 0.1
    keras.utils.set_random_seed(0)
    losses = b13.compare_test_losses(b13.build_model())
    assert set(losses) == {"right", "mistaken"}
    assert abs(losses["right"] - losses["mistaken"]) > 1e-4


def test_c7_sees_raw_pixels_and_one_hot_digits():
    data = load_experiment("C7").load_data()
    assert (data.test.inputs.min(), data.test.inputs.max()) == (0, 255)
    assert data.training.targets[0].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_d3_shapes_through_the_net():
    model = load_experiment("D3").build_model()
    assert [layer.output.shape[1:] for layer in model.layers] == [
        (28, 28, 8),
        (14, 14, 8),
        (14, 14, 16),
        (7, 7, 16),
        (784,),
        (10,),
    ]


def test_e4_needs_standardised_measures():
    _, raw = _train(load_experiment("E4-raw"), epochs=40)
    _, standardised = _train(load_experiment("E4-standardised"), epochs=40)
    assert standardised["accuracy"] >= 0.95
    assert raw["accuracy"] < 0.85
