"""B13. House values in California: a regression, and a mistake that many notebooks make.

The rows are split twice, first the test rows, then the validation rows. One scaler, fitted on the training rows,
standardises all three. The exercise this one follows fitted a new scaler on the validation rows and another on the
test rows: the same district then becomes different numbers according to the rows beside it, and the test no longer
tells how the network does on a single new district. `measure_scaler_mistake` and `compare_test_losses` put both
ways side by side, in numbers.
"""

import keras
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.data import load_california


def split_rows() -> Dataset:
    """11,610 training, 3,870 validation and 5,160 test rows, unscaled: 8 columns; the median value, (rows, 1)."""
    inputs, values = load_california()
    x_rest, x_test, y_rest, y_test = train_test_split(inputs, values[:, np.newaxis], test_size=0.25, random_state=42)
    x_train, x_valid, y_train, y_valid = train_test_split(x_rest, y_rest, test_size=0.25, random_state=42)
    return Dataset(training=Split(x_train, y_train), validation=Split(x_valid, y_valid), test=Split(x_test, y_test))


def load_data() -> Dataset:
    """Load the rows of `split_rows`, the inputs standardised by one scaler that saw the training rows only."""
    rows = split_rows()
    scaler = StandardScaler().fit(rows.training.inputs)
    return Dataset(
        training=Split(scaler.transform(rows.training.inputs), rows.training.targets),
        validation=Split(scaler.transform(rows.validation.inputs), rows.validation.targets),
        test=Split(scaler.transform(rows.test.inputs), rows.test.targets),
    )


def load_mistaken_data() -> Dataset:
    """Make the mistake: each part standardised by a scaler of its own."""
    rows = split_rows()
    return Dataset(
        training=Split(StandardScaler().fit_transform(rows.training.inputs), rows.training.targets),
        validation=Split(StandardScaler().fit_transform(rows.validation.inputs), rows.validation.targets),
        test=Split(StandardScaler().fit_transform(rows.test.inputs), rows.test.targets),
    )


def measure_scaler_mistake() -> dict[str, float]:
    """How far the mistake moves an input at most, in the training rows' standard deviations, for each part."""
    right, mistaken = load_data(), load_mistaken_data()
    return {
        part: float(np.abs(getattr(right, part).inputs - getattr(mistaken, part).inputs).max())
        for part in ("training", "validation", "test")
    }


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
