"""float64 in, float64 out, and float32 between: attention on JAX and torch, image resizing on TensorFlow.

Run with each KERAS_BACKEND; on JAX also with JAX_ENABLE_X64=1. Keras 3.15.1.
"""

import keras
import numpy as np
from keras import ops

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")
q = np.random.default_rng(0).normal(size=(1, 3, 1, 4))
weights = np.exp(np.einsum("bqhd,bkhd->bhqk", q, q) / 2)
exact = np.einsum("bhqk,bkhd->bqhd", weights / weights.sum(-1, keepdims=True), q)
print(f"attention: off by {np.abs(ops.convert_to_numpy(ops.dot_product_attention(q, q, q)) - exact).max():.0e}")
row = np.array([0.1, 0.7]).reshape(1, 1, 2, 1)
resized = ops.convert_to_numpy(ops.image.resize(row, (1, 4), "bilinear"))
print(f"resizing: off by {np.abs(resized.ravel() - [0.1, 0.25, 0.55, 0.7]).max():.0e}")
print(f"hard_sigmoid(1): off by {abs(float(keras.activations.hard_sigmoid(ops.ones(()))) - 2 / 3):.0e}")
