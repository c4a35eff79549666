"""A9. Benign or malignant: a classifier with one output a class, after a single short epoch.

The softmax gives a probability to each of the two classes. A network that knows nothing gives one half to each, and
its cross-entropy is ln 2 = 0.693. Inputs that are small and centred start it near there, and eight updates at a rate
of 0.01 hardly move it: one epoch over few rows is a beginning, not a training.
"""

import keras
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_tumors


def load_data() -> Dataset:
    """240 training and 80 test rows: size and concentration in [-0.5, 0.5], (rows, 2); class 0 or 1, (rows,)."""
    tumors = load_tumors()
    inputs = tumors[["size", "p53_concentration"]].to_numpy("float64")
    classes = tumors["is_malignant"].to_numpy("int64")
    x_train, x_test, y_train, y_test = train_test_split(inputs, classes, test_size=0.25, random_state=42)
    scaler = MinMaxScaler(feature_range=(-0.5, 0.5)).fit(x_train)
    return Dataset(
        training=Split(scaler.transform(x_train), y_train),
        test=Split(scaler.transform(x_test), y_test),
    )


def build_model() -> keras.Sequential:
    """Two inputs, 5 relu, a softmax over 2 classes: 27 parameters."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(5, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def loss_of_ignorance(classes: int) -> float:
    """The cross-entropy of a network that gives each class the same probability."""
    return float(np.log(classes))


experiment = Experiment(
    name="A9",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=1, batch_size=32),
    quick=Plan(epochs=1, batch_size=32),
)
