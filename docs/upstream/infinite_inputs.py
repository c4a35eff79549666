"""Activations of infinite numbers: finite on one backend, NaN on another; and the gradient, too.

Run with each KERAS_BACKEND. Keras 3.15.1, float32. The gradient is what one step of SGD(1.0) takes off a weight.
"""

import keras
import numpy as np

x = keras.ops.convert_to_tensor(np.array([np.inf, -np.inf], "float32"))
for name in ("gelu", "softsign", "hard_silu", "silu", "mish"):
    print(f"{name}:", *(f"{float(v):g}" for v in getattr(keras.activations, name)(x)))
