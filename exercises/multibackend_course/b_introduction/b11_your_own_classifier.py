"""B11. A digit classifier of one's own: one way of many.

A single hidden layer and the optimizer Adam learn a few thousand digits in seconds. The accuracy is measured
on images that the network hasn't seen; everything else is the author's choice.
"""

import keras
import numpy as np

from multibackend.datasets.builtin import load_mnist

TRAINING_ROWS = 3_000


def load_training_images() -> tuple[np.ndarray, np.ndarray]:
    """Load so many of MNIST's training images, bytes, (rows, 28, 28), with their digits, (rows,); more take longer."""
    x_train, y_train, _, _ = load_mnist()
    return x_train[:TRAINING_ROWS], y_train[:TRAINING_ROWS]


def prepare(images: np.ndarray) -> np.ndarray:
    """Bytes as numbers from 0 to 1, in the shape that the network takes."""
    return images.astype("float32") / 255


def build_model() -> keras.Model:
    """One hidden layer of 128 relu, and a softmax over ten digits."""
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.003), loss="sparse_categorical_crossentropy")
    return model


def train() -> keras.Model:
    """A trained network; the seed makes it the same each time."""
    keras.utils.set_random_seed(0)
    images, digits = load_training_images()
    model = build_model()
    model.fit(prepare(images), digits, batch_size=64, epochs=8, verbose=0)
    return model


def classify(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """The digit that the network finds the likeliest on each image, (rows,)."""
    return model.predict(prepare(images), verbose=0).argmax(axis=1)
