"""A stand-in for Keras that imports in milliseconds: as much of it, in NumPy, as the exercise A1 and its checks use."""

import numpy as np

from . import layers, ops

__all__ = ["Variable", "layers", "ops"]
__version__ = "9.9.9"

Variable = np.ndarray
