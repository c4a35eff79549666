"""On TensorFlow a Python number becomes float32 before it is cast to float64: Adam's betas lose digits.

Run with KERAS_BACKEND=tensorflow, and any other for comparison (JAX with JAX_ENABLE_X64=1). Keras 3.15.1.
"""

import keras
from keras import ops

keras.config.set_floatx("float64")
print(f"ops.cast(0.999, 'float64') is {float(ops.cast(0.999, 'float64')):.17g}")
