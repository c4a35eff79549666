"""SpectralNormalization in training: the gradient of its kernel differs on JAX.

Run with each KERAS_BACKEND. The gradient is what one step of SGD(1.0) takes off the kernel. Keras 3.15.1.
"""

import keras
import numpy as np

layer = keras.layers.SpectralNormalization(keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"))
model = keras.Sequential([keras.Input((2,)), layer])
layer.vector_u.assign([[1.0]])
model.compile(keras.optimizers.SGD(1.0), lambda _, p: p)
model.train_on_batch(np.array([[1.0, 0.0]]), np.zeros((1, 1)))
print("kernel after the step:", *(f"{float(w):.4f}" for w in np.ravel(keras.ops.convert_to_numpy(layer.layer.kernel))))
