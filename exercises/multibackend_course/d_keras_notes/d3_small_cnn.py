"""D3. A small convolutional network: shapes on their way through it.

A kernel size of 3 means 3 x 3. With `padding="same"` a convolution keeps height and width, and pooling halves them:
28 x 28 x 1, 28 x 28 x 8, 14 x 14 x 8, 14 x 14 x 16, 7 x 7 x 16, and 784 numbers for the last layer. Channels come last.
"""

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist


def scale(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 in [0, 1], (rows, 28, 28, 1); in place, as 60,000 images take 376 MB."""
    scaled = images[..., np.newaxis].astype("float64")
    scaled /= 255
    return scaled


def load_data() -> Dataset:
    """60,000 images to train on and 10,000 to test on, each with its digit, int64."""
    x_train, y_train, x_test, y_test = load_mnist()
    return Dataset(
        training=Split(scale(x_train), y_train.astype("int64")),
        test=Split(scale(x_test), y_test.astype("int64")),
    )


def build_model() -> keras.Sequential:
    """Two convolutions, each with a pooling, then a softmax: 80 + 1,168 + 7,850 = 9,098 parameters."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trace_shapes(model: keras.Sequential) -> list[tuple[int, ...]]:
    """The shape of one image after each layer, without the batch dimension."""
    return [tuple(layer.output.shape[1:]) for layer in model.layers]


experiment = Experiment(
    name="D3",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=2, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=3_200, evaluation_rows=2_000),
)
