"""B13. House values in California: a regression, and a mistake that many notebooks make.

The rows are split twice, first the test rows, then the validation rows. One scaler, fitted on the training rows,
standardises all three. The exercise this one follows fitted a new scaler on the validation rows and another on the
test rows: the same district then becomes different numbers according to the rows beside it, and the test no longer
tells how the network does on a single new district. `measure_scaler_mistake` and `compare_test_losses` put both
ways side by side, in numbers.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_california


def split(inputs: np.ndarray, values: np.ndarray) -> Dataset:
    """9/16 of the rows to train on, 3/16 to validate on, 1/4 to test on; inputs (rows, 8), values (rows, 1)."""
    x_rest, x_test, y_rest, y_test = train_test_split(inputs, values, test_size=0.25, random_state=42)
    x_train, x_valid, y_train, y_valid = train_test_split(x_rest, y_rest, test_size=0.25, random_state=42)
    return Dataset(training=Split(x_train, y_train), validation=Split(x_valid, y_valid), test=Split(x_test, y_test))


def standardise(rows: Dataset) -> Dataset:
    """The inputs standardised by one scaler that saw the training rows only; the values as they are."""
    scaler = StandardScaler().fit(rows.training.inputs)
    return Dataset(
        training=Split(scaler.transform(rows.training.inputs), rows.training.targets),
        validation=Split(scaler.transform(rows.validation.inputs), rows.validation.targets),
        test=Split(scaler.transform(rows.test.inputs), rows.test.targets),
    )


def standardise_mistakenly(rows: Dataset) -> Dataset:
    """Make the mistake: each part standardised by a scaler of its own."""
    return Dataset(
        training=Split(StandardScaler().fit_transform(rows.training.inputs), rows.training.targets),
        validation=Split(StandardScaler().fit_transform(rows.validation.inputs), rows.validation.targets),
        test=Split(StandardScaler().fit_transform(rows.test.inputs), rows.test.targets),
    )


def split_rows() -> Dataset:
    """11,610 training, 3,870 validation and 5,160 test rows, unscaled: 8 columns; the median value, (rows, 1)."""
    inputs, values = load_california()
    return split(inputs, values[:, np.newaxis])


def load_data() -> Dataset:
    """Load the rows of `split_rows`, standardised."""
    return standardise(split_rows())


def load_mistaken_data() -> Dataset:
    """Load the same rows, and make the mistake."""
    return standardise_mistakenly(split_rows())


def largest_differences(right: Dataset, mistaken: Dataset) -> dict[str, float]:
    """The largest difference between the inputs of two data sets, for each of their parts."""
    return {
        part: float(np.abs(getattr(right, part).inputs - getattr(mistaken, part).inputs).max())
        for part in ("training", "validation", "test")
    }


def measure_scaler_mistake() -> dict[str, float]:
    """The most by which the mistake moves an input, in the training rows' standard deviations, for each part."""
    return largest_differences(load_data(), load_mistaken_data())


def compare_test_losses(model: keras.Model) -> dict[str, float]:
    """Evaluate a model on test rows scaled the right way, and on the same rows scaled by the mistake."""
    tests = {"right": load_data().test, "mistaken": load_mistaken_data().test}
    return {way: float(model.evaluate(test.inputs, test.targets, verbose=0)) for way, test in tests.items()}


def build_model() -> keras.Sequential:
    """Eight inputs, 10 relu, 1 linear output: 101 parameters."""
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(10, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.001), loss="mean_squared_error")
    return model


experiment = Experiment(
    name="B13",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=50, batch_size=32),
    quick=Plan(epochs=2, batch_size=32),
)


def draw_learning_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """The loss of training and validation rows after each epoch, from Keras' `history.history`."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for key, label in (("loss", "training"), ("val_loss", "validation")):
        axes.plot(range(1, len(history[key]) + 1), history[key], label=label)
    axes.set(title="House values in California", xlabel="epoch", ylabel="mean squared error", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    return figure


def draw_scaler_mistake(right: np.ndarray, mistaken: np.ndarray) -> Figure:
    """Test rows, (rows, 8), scaled both ways: the mean of each column, with the standard deviation as a bar."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for inputs, label, shift in (
        (right, "one scaler, of the training rows", -0.1),
        (mistaken, "a scaler of its own", 0.1),
    ):
        columns = np.arange(inputs.shape[1]) + shift
        axes.errorbar(columns, inputs.mean(axis=0), inputs.std(axis=0), fmt="o", capsize=3, label=label)
    axes.set(title="The test rows after scaling", xlabel="column", ylabel="mean ± standard deviation")
    axes.legend()
    return figure


def pictures() -> dict[str, Figure]:
    """Learning curves of ten epochs, and the test rows scaled in both ways."""
    right, mistaken = load_data(), load_mistaken_data()
    validation = (right.validation.inputs, right.validation.targets)
    training = build_model().fit(
        right.training.inputs, right.training.targets, batch_size=32, epochs=10, validation_data=validation, verbose=0
    )
    return {
        "learning-curves": draw_learning_curves(training.history),
        "scaler-mistake": draw_scaler_mistake(right.test.inputs, mistaken.test.inputs),
    }
