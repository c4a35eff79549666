"""The gradient of AdaptiveMaxPooling on TensorFlow reads memory beyond its arrays, ends the process, or has no shape.

Run with each KERAS_BACKEND. One value of each of three channels has a gradient, of 1; all others 0. Keras 3.15.1.
"""

import keras
import numpy as np

x = np.random.default_rng(0).normal(size=(1, 240)).astype("float32")
weight = keras.layers.Dense(240, use_bias=False, kernel_initializer=lambda *_, **__: keras.ops.convert_to_tensor(x))
pool = keras.layers.AdaptiveMaxPooling2D(1)
model = keras.Sequential([keras.Input((1,)), weight, keras.layers.Reshape((10, 8, 3)), pool])
model.compile(keras.optimizers.SGD(1.0), lambda _, p: keras.ops.sum(p), run_eagerly=True)
model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
gradient = x - keras.ops.convert_to_numpy(weight.kernel)
print("gradients other than 0:", np.count_nonzero(np.abs(gradient) > 1e-6), "the largest:", np.abs(gradient).max())
