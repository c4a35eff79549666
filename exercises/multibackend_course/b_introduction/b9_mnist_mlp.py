"""B9. Handwritten digits with a dense network: the first complete training.

Pixels are brought from 0..255 to [-1, 1]. A quarter of the training images is set aside to validate on after each
epoch; the test images are looked at once, at the end. The loss judges the probabilities, the accuracy only which
digit is the likeliest, so that one may improve while the other does not.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_mnist

TRAINING_ROWS = 45_000
DIGITS = np.arange(10)


def scale(images: np.ndarray) -> np.ndarray:
    """Bytes (rows, 28, 28) to float64 in [-1, 1], (rows, 28, 28, 1); in place, as 60,000 images take 376 MB."""
    scaled = images[..., np.newaxis].astype("float64")
    scaled -= 127.5
    scaled /= 127.5
    return scaled


def load_data() -> Dataset:
    """45,000 images to train on, 15,000 to validate on, 10,000 to test on, each with its digit, int64."""
    x_train, y_train, x_test, y_test = load_mnist()
    y_train, y_test = y_train.astype("int64"), y_test.astype("int64")
    return Dataset(
        training=Split(scale(x_train[:TRAINING_ROWS]), y_train[:TRAINING_ROWS]),
        validation=Split(scale(x_train[TRAINING_ROWS:]), y_train[TRAINING_ROWS:]),
        test=Split(scale(x_test), y_test),
    )


def build_model() -> keras.Sequential:
    """784-256-256-128-10, each relu a layer of its own: 300,938 parameters."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(256),
            keras.layers.Activation("relu"),
            keras.layers.Dense(128),
            keras.layers.Activation("relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.001),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


experiment = Experiment(
    name="B9",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=20, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=12_800, evaluation_rows=2_000),
)


def measure(digits: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy: the mean of -ln of the right digit's probability, and how often that is the largest."""
    loss = -np.log(probabilities[np.arange(len(digits)), digits]).mean()
    accuracy = (probabilities.argmax(axis=1) == digits).mean()
    return float(loss), float(accuracy)


def four_cases() -> dict[str, np.ndarray]:
    """Probabilities for ten images of the digits 0 to 9, (10, 10), by accuracy and then loss: "high, low" and so on."""
    right, next_digit = np.eye(10), np.roll(np.eye(10), 1, axis=1)
    one_wrong = np.where(DIGITS[:, np.newaxis] == 9, next_digit, right)
    return {
        "high, low": _soften(right, 0.01),  # sure, and right
        "high, high": _soften(one_wrong, 1e-20),  # one mistake, made with certainty
        "low, low": 0.49 * right + 0.51 * next_digit,  # always wrong, always by a hair
        "low, high": _soften(next_digit, 0.01),  # sure, and wrong
    }


def _soften(probabilities: np.ndarray, share: float) -> np.ndarray:
    """Spread that share evenly over all ten digits, since the logarithm of 0 is infinite."""
    return (1 - share) * probabilities + share / 10


def draw_digits(images: np.ndarray, digits: np.ndarray) -> Figure:
    """The first 20 images, (rows, 28, 28), each under its digit."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    for axes, image, digit in zip(figure.subplots(4, 5).flat, images, digits, strict=False):
        axes.imshow(image, cmap="gray_r")
        axes.set(title=str(digit), xticks=[], yticks=[])
    figure.suptitle("Handwritten digits")
    return figure


def draw_learning_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Loss and accuracy after each epoch, of training and validation images, from Keras' `history.history`."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, measured in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for key, label in ((measured, "training"), (f"val_{measured}", "validation")):
            axes.plot(range(1, len(history[key]) + 1), history[key], marker=".", label=label)
        axes.set(title=measured, xlabel="epoch", ylabel=measured)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return figure


def draw_misread(images: np.ndarray, digits: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Draw the ten misread images, (rows, 28, 28), that the network was surest of, with both digits."""
    read = probabilities.argmax(axis=1)
    misread = np.flatnonzero(read != digits)
    surest = misread[np.argsort(-probabilities.max(axis=1)[misread])][:10]
    figure = Figure(figsize=(8, 4), layout="constrained")
    panels = list(figure.subplots(2, 5).flat)
    for axes in panels:
        axes.set_axis_off()
    for axes, i in zip(panels, surest, strict=False):
        axes.imshow(images[i], cmap="gray_r")
        axes.set_title(f"read {read[i]}, is {digits[i]}")
    figure.suptitle(f"{len(misread)} of {len(digits)} images are misread")
    return figure


def pictures() -> dict[str, Figure]:
    """Images, learning curves of three epochs on the quick rows, and what is still misread."""
    x_train, y_train, x_test, y_test = load_mnist()
    data = experiment.quick.limit(load_data())
    model = build_model()
    validation = (data.validation.inputs, data.validation.targets)
    training = model.fit(
        data.training.inputs, data.training.targets, batch_size=64, epochs=3, validation_data=validation, verbose=0
    )
    probabilities = model.predict(data.test.inputs, verbose=0)
    return {
        "digits": draw_digits(x_train, y_train),
        "learning-curves": draw_learning_curves(training.history),
        "misread": draw_misread(x_test, y_test[: len(probabilities)], probabilities),
    }
