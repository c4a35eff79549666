"""Which dtype comes out: integers with floats, narrow floats, 64 bits, and what floatx decides.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np
from keras import ops

for dtype in ("float64", "int64"):
    print(f"{dtype} becomes:", ops.convert_to_tensor(np.array([1], dtype)).dtype)
base, exponent = (ops.convert_to_tensor(np.array(v, "int32")) for v in ([2, 3], [-1, -2]))
try:
    print("integer power:", *(int(v) for v in ops.power(base, exponent)))
except Exception as error:
    print("integer power:", type(error).__name__)
print("an optimizer's iterations:", keras.optimizers.SGD().iterations.dtype)
keras.config.set_floatx("bfloat16")
print("under bfloat16:", ops.convert_to_tensor(np.array([1, 2], "int32")).dtype, ops.convert_to_tensor([1, 2]).dtype)
