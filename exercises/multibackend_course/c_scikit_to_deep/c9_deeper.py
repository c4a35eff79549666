"""C9. Deeper, and judged on images that it hasn't seen.

Layers of relu neurons between the pixels and the softmax let the network combine strokes, where one layer only adds
up pixels. It soon knows the images it trains on by heart; only others tell what it is worth. And however deep, a
dense network takes no notice of where a pixel is: shuffle the 784 columns, all images alike, and nothing changes for
it. A convolution does take notice, and loses.
"""

import keras
import numpy as np
from matplotlib.figure import Figure

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
    """A normalisation, relu layers of 256 and 128 neurons, a softmax over 10 digits: 238,282 parameters."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def measure_accuracy(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> float:
    """The share of these rows whose likeliest digit is the right one."""
    predicted = model.predict(pixels, verbose=0).argmax(axis=1)
    return float(np.mean(predicted == one_hot.argmax(axis=1)))


def train_on_first(model: keras.Model, training: Split, test: Split, rows: int, epochs: int = 5) -> tuple[float, float]:
    """Train on the first `rows` images in batches of 128; return the accuracy on these, and on all test images."""
    first = training.take(slice(rows))
    model.fit(first.inputs, first.targets, batch_size=128, epochs=epochs, verbose=0)
    return (
        measure_accuracy(model, first.inputs, first.targets),
        measure_accuracy(model, test.inputs, test.targets),
    )


def permute(pixels: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Shuffle the columns, of each row alike: the column `order[0]` comes first."""
    return pixels[:, order]


def find_misread(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> np.ndarray:
    """The numbers of the rows whose likeliest digit is a wrong one."""
    predicted = model.predict(pixels, verbose=0).argmax(axis=1)
    return np.flatnonzero(predicted != one_hot.argmax(axis=1))


def build_dense_net() -> keras.Sequential:
    """A dense network for pixels from 0 to 1, its weights drawn by NumPy: the same on every backend."""
    return start_alike(
        keras.Sequential(
            [
                keras.Input((784,)),
                keras.layers.Dense(64, activation="relu"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
    )


def build_cnn() -> keras.Sequential:
    """The convolutional network of D3, which lays the 784 pixels out again as 28 x 28."""
    return start_alike(
        keras.Sequential(
            [
                keras.Input((784,)),
                keras.layers.Reshape((28, 28, 1)),
                keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Flatten(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
    )


def start_alike(model: keras.Sequential) -> keras.Sequential:
    """Give each kernel Glorot's uniform weights, drawn by NumPy, and compile; Adam takes five times its usual steps."""
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        if len(weight.shape) > 1:
            fan = np.prod(weight.shape[:-2]) * (weight.shape[-2] + weight.shape[-1])
            limit = np.sqrt(6 / fan)
            weight.assign(random.uniform(-limit, limit, weight.shape))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="categorical_crossentropy")
    return model


def measure_permutation(rows: int = 2_000, epochs: int = 3) -> dict[str, float]:
    """Test accuracies of both networks on pixels in their places, and on pixels shuffled in one fixed order."""
    data = load_data()
    order = np.random.default_rng(0).permutation(784)
    training, test = data.training.take(slice(rows)), data.test.take(slice(2_000))
    accuracies = {}
    for name, build in (("dense", build_dense_net), ("cnn", build_cnn)):
        for places, columns in (("in place", np.arange(784)), ("shuffled", order)):
            model = build()
            pixels = permute(training.inputs, columns) / 255
            model.fit(pixels, training.targets, batch_size=64, epochs=epochs, shuffle=False, verbose=0)
            accuracies[f"{name}, {places}"] = measure_accuracy(model, permute(test.inputs, columns) / 255, test.targets)
    return accuracies


def draw_misread(model: keras.Model, pixels: np.ndarray, one_hot: np.ndarray) -> Figure:
    """The first twelve images that the network misreads: what each is, and what it was taken for."""
    misread = find_misread(model, pixels, one_hot)[:12]
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    figure.suptitle("Misread")
    all_axes = figure.subplots(2, 6).flatten()
    for axes in all_axes:
        axes.set_axis_off()
    for axes, row, taken in zip(all_axes, misread, model.predict(pixels[misread], verbose=0), strict=False):
        axes.imshow(pixels[row].reshape(28, 28), cmap="gray_r")
        axes.set_title(f"{one_hot[row].argmax()}, taken for {taken.argmax()}", fontsize="small")
    return figure


def draw_permutation(accuracies: dict[str, float]) -> Figure:
    """The accuracies of `measure_permutation` as bars."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(list(accuracies), list(accuracies.values()), color=["C0", "C0", "C1", "C1"])
    axes.bar_label(bars, fmt="%.3f")
    axes.set_title("One fixed shuffle of the pixels")
    axes.set_xlabel("network, pixels")
    axes.set_ylabel("test accuracy")
    axes.set_ylim(0, 1.05)
    return figure


experiment = Experiment(
    name="C9",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=5, batch_size=128),
    quick=Plan(epochs=2, batch_size=128, training_rows=5_000, evaluation_rows=2_000),
)


def pictures() -> dict[str, Figure]:
    """Draw the images misread after 5,000 images, and the effect of one fixed shuffle of the pixels."""
    data = experiment.quick.limit(load_data())
    model = build_model()
    train_on_first(model, data.training, data.test, 5_000)
    return {
        "misread": draw_misread(model, data.test.inputs, data.test.targets),
        "permutation": draw_permutation(measure_permutation()),
    }
