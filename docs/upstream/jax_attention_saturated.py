"""Attention on inputs about 10,000 on JAX: the gradient of a softmax that is 0 or 1 is not 0.

Run with each KERAS_BACKEND. The gradient is what one step of SGD(1.0) takes off the kernels. Keras 3.15.1, float32.
"""

import keras
import numpy as np

g = np.random.default_rng(0)
query, value = ((1e4 + g.normal(size=(2, n, 6))).astype("float32") for n in (4, 5))
inputs = keras.Input((4, 6)), keras.Input((5, 6))
model = keras.Model(inputs, keras.layers.MultiHeadAttention(2, 3)(*inputs))
before = [g.normal(size=w.shape).astype("float32") for w in model.weights]
model.set_weights(before)
model.compile(keras.optimizers.SGD(1.0), lambda y, p: keras.ops.sum(p * y))
model.train_on_batch([query, value], g.normal(size=(2, 4, 6)).astype("float32"))
print(f"gradient of the key's kernel: {np.abs(before[2] - model.get_weights()[2]).max():g}")
