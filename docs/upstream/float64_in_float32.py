"""float64 results lose float32's share of their digits on JAX and torch, even under set_floatx("float64").

Run with KERAS_BACKEND=torch, =jax (with JAX_ENABLE_X64=1), or =tensorflow for comparison. Keras 3.15.1.
"""

import keras
import numpy as np
from keras import ops

keras.config.set_floatx("float64")
x = ops.convert_to_tensor(np.array([[1 / 3, 2 / 3], [1 / 7, 3 / 7]]))
for name, value in {
    "matmul": ops.matmul(x, x)[0, 0] - (np.float64(1 / 3) ** 2 + np.float64(2 / 3) * np.float64(1 / 7)),
    "sqrt": ops.sqrt(x)[0, 0] - np.sqrt(np.float64(1 / 3)),
    "divide": ops.divide(x, 3.0)[0, 0] - np.float64(1 / 3) / 3,
    "mean": ops.mean(x) - (1 / 3 + 2 / 3 + 1 / 7 + 3 / 7) / 4,
}.items():
    print(f"{name}: off by {abs(float(value)):.0e}")
print("the table says:", keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"])
