"""Constants of some functions are float32 whatever the dtype: on TensorFlow and torch float64 results lose digits.

Run with each KERAS_BACKEND; on JAX also with JAX_ENABLE_X64=1. Keras 3.15.1.
"""

import keras
import numpy as np
from keras import ops

keras.config.set_floatx("float64")
x, ones = ops.convert_to_tensor(np.array([-1.0])), ops.convert_to_tensor(np.array([[1.0]]))
print(f"leaky_relu(-1): off by {abs(float(keras.activations.leaky_relu(x)[0]) + 0.2):.0e}")
print(f"gelu(-1): off by {abs(float(keras.activations.gelu(x)[0]) + 0.15865525393145707):.0e}")
print(f"log_cosh of no error: {float(keras.losses.log_cosh(ones, ones)[0]):.0e}")
