"""Attention for a query all of whose keys are masked: JAX, TensorFlow and torch give it other gradients.

Run with each KERAS_BACKEND. The gradient of the output for the value, from one step of SGD(1.0). Keras 3.15.1.
"""

import keras
import numpy as np

layer = keras.layers.MultiHeadAttention(1, 2, kernel_initializer="ones")
x = keras.Input((2, 2))
mask = np.zeros((1, 2, 2), "bool")
model = keras.Model(x, layer(x, x, attention_mask=keras.ops.convert_to_tensor(mask)))
model.compile(keras.optimizers.SGD(1.0), lambda _, p: keras.ops.sum(p))
model.train_on_batch(np.array([[[1.0, 0.0], [0.0, 3.0]]]), np.zeros((1, 2, 2)))
print(
    "changes of the query's, key's and value's kernels:",
    *(f"{float(keras.ops.sum(1 - w)):.3g}" for w in model.weights[0:6:2]),
)
