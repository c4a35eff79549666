"""C1. Handwritten digits, looked at and laid flat.

An image is a table of 28 x 28 pixels, bytes from 0 (paper) to 255 (ink). A classifier wants one row of numbers an
image: the lines of the image, one behind the other, 784 in all.
"""

import numpy as np
from matplotlib.figure import Figure

from multibackend import Dataset, Split
from multibackend.datasets.builtin import load_mnist


def describe(images: np.ndarray, digits: np.ndarray) -> dict[str, int]:
    """The number of images, their size, the range of their pixels, and the digit that the first one shows."""
    rows, height, width = images.shape
    return {
        "rows": rows,
        "height": height,
        "width": width,
        "smallest": int(images.min()),
        "largest": int(images.max()),
        "first_digit": int(digits[0]),
    }


def flatten(images: np.ndarray) -> np.ndarray:
    """Flatten (rows, height, width) to (rows, height * width), line after line; the pixels stay what they are."""
    return images.reshape(len(images), -1)


def load_data() -> Dataset:
    """60,000 images to train on and 10,000 to test on, each a row of 784 bytes, with its digit."""
    x_train, y_train, x_test, y_test = load_mnist()
    return Dataset(training=Split(flatten(x_train), y_train), test=Split(flatten(x_test), y_test))


def draw_digits(images: np.ndarray, digits: np.ndarray) -> Figure:
    """The first twelve images, each with its digit."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    figure.suptitle("Handwritten digits")
    for axes, image, digit in zip(figure.subplots(2, 6).flat, images, digits, strict=False):
        axes.imshow(image, cmap="gray_r")
        axes.set_title(str(digit))
        axes.set_axis_off()
    return figure


def pictures() -> dict[str, Figure]:
    """The first twelve training images."""
    x_train, y_train, _, _ = load_mnist()
    return {"digits": draw_digits(x_train, y_train)}
