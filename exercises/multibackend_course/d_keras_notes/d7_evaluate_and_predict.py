"""D7. Evaluate and predict: what they return, and in which shape.

`evaluate` compares with targets and returns a few numbers, means over all rows. `predict` needs no targets and
returns, as a NumPy array, what the last layer makes of each row: (rows, classes). It reads rows, always; a single one
is a batch of one.
"""

import keras
import numpy as np


def build_model() -> keras.Sequential:
    """5 inputs, 8 relu, softmax over 3 classes, compiled; not trained."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def measure(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Loss and metrics over all rows, by their names."""
    measures = model.evaluate(inputs, classes, verbose=0, return_dict=True)
    return {name: float(value) for name, value in measures.items()}


def predict_probabilities(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """The probability of each class for each row, (rows, classes)."""
    return model.predict(inputs, verbose=0)


def predict_classes(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """The most probable class of each row, (rows,)."""
    return predict_probabilities(model, inputs).argmax(axis=-1)


def predict_one(model: keras.Model, row: np.ndarray) -> np.ndarray:
    """The probability of each class for a single row, (classes,)."""
    return predict_probabilities(model, row[np.newaxis])[0]
