"""CTC on TensorFlow is computed in float32 whatever the dtype.

Run with each KERAS_BACKEND; on JAX also with JAX_ENABLE_X64=1. Two labels in four equal steps of three classes. Keras 3.15.1.
"""

import keras
import numpy as np

keras.config.set_floatx("float64")
loss = keras.losses.CTC()(np.array([[1, 2]]), np.zeros((1, 4, 3)))
print(f"{float(loss):.17g}; -ln(15 / 81) is {-np.log(15 / 81):.17g}")
