"""E4. Breast cancer: the same small network on raw and on standardised measures.

The 30 measures run from thousandths to thousands. A sigmoid that receives thousands is flat, its gradient is next
to nothing, and the network does little but learn which class is the more frequent. With every measure at mean 0 and
standard deviation 1 over the training rows, the same network, trained as long, judges nearly all test rows rightly.
"""

import keras
import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_breast_cancer


def load_data() -> Dataset:
    """426 training and 143 test rows: 30 raw measures; 1 for benign, 0 for malignant, int64, (rows, 1)."""
    measures, benign = load_breast_cancer()
    benign = benign[:, np.newaxis].astype("int64")
    x_train, x_test, y_train, y_test = train_test_split(measures, benign, test_size=0.25, random_state=42)
    return Dataset(training=Split(x_train, y_train), test=Split(x_test, y_test))


def load_standardised_data() -> Dataset:
    """Load the same rows, the measures standardised by the training rows."""
    data = load_data()
    scaler = StandardScaler().fit(data.training.inputs)
    return Dataset(
        training=Split(scaler.transform(data.training.inputs), data.training.targets),
        test=Split(scaler.transform(data.test.inputs), data.test.targets),
    )


def build_model() -> keras.Sequential:
    """30-10-5-1, sigmoid throughout: 310 + 55 + 6 = 371 parameters."""
    model = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(10, activation="sigmoid"),
            keras.layers.Dense(5, activation="sigmoid"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def draw_accuracies(histories: dict[str, dict[str, list[float]]]) -> Figure:
    """The training accuracy, epoch by epoch, of each of some histories, such as "raw" and "standardised"."""
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for name, history in histories.items():
        values = [float(value) for value in history["accuracy"]]
        axes.plot(range(1, len(values) + 1), values, label=name)
    axes.set_title("The same network on the same rows")
    axes.set_xlabel("epoch")
    axes.set_ylabel("training accuracy")
    axes.legend()
    return figure


raw = Experiment(
    name="E4-raw",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=40, batch_size=32),
    quick=Plan(epochs=20, batch_size=32),
)

standardised = Experiment(
    name="E4-standardised",
    build_model=build_model,
    load_data=load_standardised_data,
    plan=Plan(epochs=40, batch_size=32),
    quick=Plan(epochs=20, batch_size=32),
)
