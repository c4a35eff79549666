"""B12. Small photographs with the same dense network: what over-fitting looks like.

CIFAR-10 has photographs of ten kinds of things, 32 x 32 pixels in three colours. After twenty epochs nearly half of
those of the validation set are right, five times as many as by guessing, and the two curves begin to separate: the
network learns by heart what it sees. Four times as many epochs make that plain, 0.64 in training against 0.53.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from multibackend import Dataset, Experiment, Plan, Split
from multibackend.datasets.builtin import load_cifar10

CLASSES = ("aeroplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "lorry")


def scale(photographs: np.ndarray) -> np.ndarray:
    """Bytes to float64 in [-1, 1], same shape; in place, as 50,000 photographs take 1.2 GB."""
    scaled = photographs.astype("float64")
    scaled -= 127.5
    scaled /= 127.5
    return scaled


def prepare(x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> Dataset:
    """Photographs as bytes, (rows, 32, 32, 3), and labels, (rows, 1); the first half of the test rows validates."""
    half = len(x_test) // 2
    inputs = scale(x_test)
    return Dataset(
        training=Split(scale(x_train), y_train),
        validation=Split(inputs[:half], y_test[:half]),
        test=Split(inputs[half:], y_test[half:]),
    )


def load_data() -> Dataset:
    """50,000 photographs to train on, 5,000 to validate on, 5,000 to test on, each with its label, (rows, 1)."""
    x_train, y_train, x_test, y_test = load_cifar10()
    return prepare(x_train, y_train.astype("int64"), x_test, y_test.astype("int64"))


def build_model(width: int = 256) -> keras.Sequential:
    """3072-width-width-128-10: 886,666 parameters at a width of 256."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Flatten(),
            keras.layers.Dense(width),
            keras.layers.Activation("relu"),
            keras.layers.Dense(width),
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


def build_narrower_model() -> keras.Sequential:
    """A width of 250, which is no power of two: 864,418 parameters."""
    return build_model(width=250)


experiment = Experiment(
    name="B12",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=20, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=6_400, evaluation_rows=2_000),
)

narrower = Experiment(
    name="B12-250",
    build_model=build_narrower_model,
    load_data=load_data,
    plan=Plan(epochs=20, batch_size=64),
    quick=Plan(epochs=1, batch_size=64, training_rows=6_400, evaluation_rows=2_000),
)


def guess_accuracy(labels: np.ndarray) -> float:
    """The accuracy of always answering the class that occurs most often, labels (rows, 1)."""
    return float(np.bincount(labels.reshape(-1)).max() / len(labels))


def best_epoch(history: Mapping[str, Sequence[float]]) -> int:
    """The epoch, counted from 1, after which the validation accuracy was highest."""
    return int(np.argmax(history["val_accuracy"])) + 1


def draw_photographs(photographs: np.ndarray, labels: np.ndarray) -> Figure:
    """The first 20 photographs as bytes, (rows, 32, 32, 3), each under its class; labels (rows, 1)."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    for axes, photograph, label in zip(figure.subplots(4, 5).flat, photographs, labels.reshape(-1), strict=False):
        axes.imshow(photograph)
        axes.set(title=CLASSES[label], xticks=[], yticks=[])
    figure.suptitle("Small photographs")
    return figure


def draw_overfitting(history: Mapping[str, Sequence[float]]) -> Figure:
    """Loss and accuracy after each epoch, from Keras' `history.history`: they separate where over-fitting begins."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, measured in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        epochs = range(1, len(history[measured]) + 1)
        training, validation = history[measured], history[f"val_{measured}"]
        axes.plot(epochs, training, label="training")
        axes.plot(epochs, validation, label="validation")
        axes.fill_between(epochs, training, validation, alpha=0.15, label="gap")
        axes.set(title=measured, xlabel="epoch", ylabel=measured)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return figure


def pictures() -> dict[str, Figure]:
    """Photographs, and fifteen epochs on 2,000 of them, which are soon learned by heart."""
    x_train, y_train, _, _ = load_cifar10()
    data = experiment.quick.limit(load_data())
    few, validation = data.training.take(slice(2_000)), (data.validation.inputs, data.validation.targets)
    model = build_model()
    model.optimizer.learning_rate = 0.02
    training = model.fit(few.inputs, few.targets, batch_size=64, epochs=15, validation_data=validation, verbose=0)
    return {
        "photographs": draw_photographs(x_train, y_train),
        "over-fitting": draw_overfitting(training.history),
    }
