"""A14. A neuron by hand: a weighted sum, a bias, a sigmoid.

The sigmoid 1 / (1 + exp(-x)) is the same as exp(x) / (1 + exp(x)). Of the two, one raises e to a large power when x
is large, the other when it is very negative; exp(1000) is more than a computer holds. With exp(-|x|), which is never
above 1, both sides are served.
"""

import numpy as np


class SigmoidNeuron:
    """A neuron with its weights, one for each input, and its bias."""

    def __init__(self, weights: np.ndarray, bias: float) -> None:
        self.weights = np.asarray(weights)
        self.bias = bias

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Answer each row with a number between 0 and 1: (rows,) from (rows, inputs)."""
        sums = inputs @ self.weights + self.bias
        small = np.exp(-np.abs(sums))
        return np.where(sums >= 0, 1, small) / (1 + small)
