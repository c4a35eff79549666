"""B1. The same numbers again: every source of randomness, frozen.

One seed freezes the generators of Python, NumPy and Keras, so that a program repeats itself. It doesn't make two
backends agree, for each of them draws by an algorithm of its own. What NumPy draws is the same everywhere: initial
weights and the order of the rows therefore come from a generator of NumPy's, whatever the backend.
"""

import platform
import random

import keras
import numpy as np

BATCH_SIZE = 16


def versions() -> dict[str, str]:
    """The facts that a result depends on: the versions of Python, NumPy and Keras, and the backend's name."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "keras": keras.__version__,
        "backend": keras.config.backend(),
    }


def draw() -> list[float]:
    """One number from each of three sources: Python, NumPy and Keras."""
    return [random.random(), float(np.random.uniform()), float(keras.random.uniform(()))]


def freeze(seed: int) -> None:
    """Seed Python, NumPy, and the backend through Keras."""
    keras.utils.set_random_seed(seed)


def initialise(model: keras.Model, seed: int) -> None:
    """Draw the kernels with NumPy, uniform within Glorot and Bengio's limit; biases start at zero."""
    generator = np.random.default_rng(seed)
    model.set_weights([_initial(generator, weights.shape) for weights in model.get_weights()])


def _initial(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a kernel, (inputs, outputs); a bias, (outputs,), is zero and draws nothing."""
    if len(shape) == 1:
        return np.zeros(shape)
    limit = np.sqrt(6 / sum(shape))
    return generator.uniform(-limit, limit, shape)


def batch_order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """Each row's number once, (rows,), in the order of that epoch."""
    return np.random.default_rng([seed, epoch]).permutation(rows)


def build_model(inputs: int) -> keras.Sequential:
    """One linear neuron, trained by gradient descent."""
    model = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mean_squared_error")
    return model


def train(inputs: np.ndarray, targets: np.ndarray, seed: int, epochs: int) -> list[float]:
    """Train with everything frozen, and return the loss of each epoch."""
    freeze(seed)
    model = build_model(inputs.shape[1])
    initialise(model, seed)
    losses = []
    for epoch in range(epochs):
        order = batch_order(len(inputs), seed, epoch)
        history = model.fit(inputs[order], targets[order], batch_size=BATCH_SIZE, shuffle=False, verbose=0)
        losses.append(float(history.history["loss"][0]))
    return losses
