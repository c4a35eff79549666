"""C6. Logistic regression as a network, on raw pixels.

One dense layer of ten neurons with a softmax is the model of C5; Keras trains it by small steps. On pixels of 0 to
255 the ten sums are in the hundreds from the start, and the softmax gives one digit all and the others nothing. Such
an answer, if wrong, costs as much as a loss can, and where its probability is clipped the gradient is zero, so that
little is learned from it.
"""

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist


def flatten(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 (rows, 784), still 0 to 255."""
    return images.reshape(len(images), 784).astype("float64")


def load_data() -> Dataset:
    """60,000 images to train on and 10,000 to test on; the digits one-hot, (rows, 10)."""
    x_train, y_train, x_test, y_test = load_mnist()
    one_hot = np.eye(10)
    return Dataset(
        training=Split(flatten(x_train), one_hot[y_train]),
        test=Split(flatten(x_test), one_hot[y_test]),
    )


def build_model() -> keras.Sequential:
    """784 pixels to a softmax over 10 digits: 7,850 parameters."""
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> dict[str, list[float]]:
    """Train for one epoch in batches of 32; return its loss and accuracy."""
    return model.fit(pixels, one_hot, batch_size=32, epochs=1, verbose=0).history


def predict_digits(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """The digit of the largest probability, for each row."""
    return model.predict(pixels, verbose=0).argmax(axis=1)


def evaluate(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> dict[str, float]:
    """The mean loss and the accuracy over these rows, under the keys "loss" and "accuracy"."""
    return model.evaluate(pixels, one_hot, verbose=0, return_dict=True)


def build_comparable_model() -> keras.Sequential:
    """The same layer with its loss taken from the ten sums, on every backend: what the experiment trains.

    From probabilities, which float32 rounds to just the edge at which they are clipped, rounding alone decides whether
    an image has a gradient: trainings differ after some 30 steps, and no two backends could be told to do the same.
    """
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


experiment = Experiment(
    name="C6",
    build_model=build_comparable_model,
    load_data=load_data,
    plan=Plan(epochs=1, batch_size=32),
    # On pixels of 0 to 255 rounding grows fast: after 400 steps even float64 differs by 1e-9.
    quick=Plan(epochs=1, batch_size=32, training_rows=3_200, evaluation_rows=2_000),
)
