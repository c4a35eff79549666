"""C5. Logistic regression, and what its weights look like.

Ten weighted sums as before, but a softmax makes probabilities of them, and the cross-entropy judges these. There is
no closed solution: scikit-learn descends with L-BFGS. Each digit's 784 weights are a picture: red where ink speaks
for the digit, blue where it speaks against. Single weights are noisy; smoothed with a Gaussian filter, the digit
appears.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LogisticRegression

from multibackend.datasets.builtin import load_mnist


def scale(images: np.ndarray) -> np.ndarray:
    """Scale bytes (rows, 28, 28) to numbers from 0 to 1, (rows, 784)."""
    return images.reshape(len(images), -1) / 255


def fit(pixels: np.ndarray, digits: np.ndarray, iterations: int) -> LogisticRegression:
    """A softmax over ten digits, after so many iterations of L-BFGS at most."""
    return LogisticRegression(solver="lbfgs", max_iter=iterations).fit(pixels, digits)


def measure_accuracy(rows: int = 5_000, iterations: int = 50) -> float:
    """The accuracy on all test images, fitted to the first `rows` images; all 60,000 take half a minute or more."""
    x_train, y_train, x_test, y_test = load_mnist()
    model = fit(scale(x_train[:rows]), y_train[:rows], iterations)
    return float(model.score(scale(x_test), y_test))


def picture_weights(model: LogisticRegression, digit: int, blur: float = 1.0) -> np.ndarray:
    """One digit's weights as an image, (28, 28), smoothed by a Gaussian of `blur` pixels; 0 for not at all."""
    return gaussian_filter(model.coef_[digit].reshape(28, 28), blur)


def draw_weights(model: LogisticRegression, blur: float = 1.0) -> Figure:
    """The ten pictures of weights, all on one scale."""
    pictures = [picture_weights(model, digit, blur) for digit in range(10)]
    limit = max(float(np.abs(picture).max()) for picture in pictures)
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    figure.suptitle("Where ink speaks for a digit (red) and against it (blue)")
    all_axes = figure.subplots(2, 5)
    for digit, axes in enumerate(all_axes.flat):
        image = axes.imshow(pictures[digit], cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(str(digit))
        axes.set_axis_off()
    figure.colorbar(image, ax=all_axes, label="weight")
    return figure


def draw_digit(model: LogisticRegression, digit: int = 7) -> Figure:
    """One digit's weights as they are, and smoothed."""
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    figure.suptitle(f"The weights of digit {digit}")
    for axes, blur in zip(figure.subplots(1, 2), (0.0, 1.0), strict=True):
        picture = picture_weights(model, digit, blur)
        limit = np.abs(picture).max()
        image = axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(f"smoothed by {blur:g} pixel" if blur else "as they are")
        axes.set_xlabel("column")
        axes.set_ylabel("line")
        figure.colorbar(image, ax=axes, label="weight")
    return figure


def pictures() -> dict[str, Figure]:
    """The weights that 5,000 images give: of all digits, and of the 7."""
    x_train, y_train, _, _ = load_mnist()
    model = fit(scale(x_train[:5_000]), y_train[:5_000], 50)
    return {"weights": draw_weights(model), "weights-of-7": draw_digit(model)}
