"""The gradient of x / |x| at x = 0 is NaN on JAX and torch, and finite on TensorFlow.

Run with each KERAS_BACKEND. Keras 3.15.1, float32. The gradient is what one step of SGD(1.0) takes off a weight.
"""

import keras
import numpy as np

constraints = keras.constraints
for after in (keras.layers.UnitNormalization(), constraints.UnitNorm(axis=1), constraints.MaxNorm(1, axis=1)):
    layer = keras.layers.Dense(2, use_bias=False, kernel_initializer="zeros", activation=after)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(1.0), lambda _, p: p[:, 0])
    model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
    print(f"{type(after).__name__}: {-float(layer.kernel[0, 0]):.4g}")
