"""The gradient of AdaptiveMaxPooling on TensorFlow writes uninitialised memory, or ends the process (SIGFPE).

Run with each KERAS_BACKEND. One value of each channel has a gradient, of 1; all others 0. Keras 3.15.1.
"""

import keras
import numpy as np

x = np.random.default_rng(0).normal(size=(2, 5, 8, 3)).astype("float32")
weight = keras.layers.Dense(240, use_bias=False, kernel_initializer=lambda s, dtype=None: keras.ops.reshape(x, s))
model = keras.Sequential(
    [keras.Input((1,)), weight, keras.layers.Reshape((10, 8, 3)), keras.layers.AdaptiveMaxPooling2D(1)]
)
model.compile(keras.optimizers.SGD(1.0), lambda y, p: keras.ops.sum(p))
model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
gradient = x.reshape(1, 240) - np.array(keras.ops.convert_to_numpy(weight.kernel))
print(
    "gradients other than 0:",
    np.count_nonzero(np.abs(gradient) > 1e-6),
    "the largest:",
    np.abs(gradient).max().round(4),
)
