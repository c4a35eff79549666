"""C2. A baseline: naive Bayes.

For each digit, each pixel is taken to follow a normal law of its own, whatever its neighbours show. Fitting takes one
pass over the data, a mean and a variance for each digit and pixel. A network that does no better isn't worth its
training.
"""

import numpy as np
from matplotlib.figure import Figure
from sklearn.naive_bayes import GaussianNB

from multibackend.datasets.builtin import load_mnist


def flatten(images: np.ndarray) -> np.ndarray:
    """Flatten (rows, 28, 28) to (rows, 784), still 0 to 255."""
    return images.reshape(len(images), -1)


def fit(pixels: np.ndarray, digits: np.ndarray) -> GaussianNB:
    """A naive Bayes classifier of these rows."""
    return GaussianNB().fit(pixels, digits)


def measure_accuracy(predicted: np.ndarray, digits: np.ndarray) -> float:
    """The share of the predictions that are right, from 0 to 1."""
    return float(np.mean(predicted == digits))


def measure_baseline(rows: int = 60_000) -> float:
    """The accuracy, on all test images, of a classifier fitted to the first `rows` training images."""
    x_train, y_train, x_test, y_test = load_mnist()
    model = fit(flatten(x_train[:rows]), y_train[:rows])
    return measure_accuracy(model.predict(flatten(x_test)), y_test)


def draw_means(model: GaussianNB) -> Figure:
    """Draw each digit as the classifier knows it: the mean of its images."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    figure.suptitle("The mean image of each digit")
    for axes, mean, digit in zip(figure.subplots(2, 5).flat, model.theta_, model.classes_, strict=True):
        axes.imshow(mean.reshape(28, 28), cmap="gray_r")
        axes.set_title(str(digit))
        axes.set_axis_off()
    return figure


def pictures() -> dict[str, Figure]:
    """The means that 5,000 images give."""
    x_train, y_train, _, _ = load_mnist()
    return {"means": draw_means(fit(flatten(x_train[:5_000]), y_train[:5_000]))}
