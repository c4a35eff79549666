"""keras.ops.moments on torch computes E[x^2] - E[x]^2, and doesn't keep it from being negative.

Run with each KERAS_BACKEND. The variance of numbers of standard deviation 1 about 10,000. Keras 3.15.1, float32.
"""

import keras
import numpy as np

x = (1e4 + np.random.default_rng(0).normal(size=(64, 3))).astype("float32")
print("variances:", *(f"{float(v):.4g}" for v in keras.ops.moments(x, axes=[0])[1]))
layer = keras.layers.BatchNormalization()
print("not finite after BatchNormalization:", int(keras.ops.sum(~keras.ops.isfinite(layer(x, training=True)))))
