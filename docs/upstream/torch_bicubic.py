"""Bicubic resizing without antialiasing on torch uses another cubic (a = -0.75) than JAX and TensorFlow (a = -0.5).

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

step = np.repeat([0.0, 1.0], 4).reshape(1, 1, 8, 1).astype("float32")
resized = keras.ops.image.resize(step, (1, 16), interpolation="bicubic", antialias=False)
print("the overshoot beside a step:", f"{float(keras.ops.max(resized)) - 1:.4f}")
