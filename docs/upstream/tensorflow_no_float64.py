"""Functions that raise in float64 on TensorFlow alone: kernels or constants exist in float32 only.

Run with each KERAS_BACKEND; on JAX also with JAX_ENABLE_X64=1. Keras 3.15.1.
"""

import keras
import numpy as np

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")
for layer, shape in (
    (keras.layers.MaxPooling3D(2), (1, 4, 6, 6, 1)),
    (keras.layers.AveragePooling3D(2), (1, 4, 6, 6, 1)),
    (keras.layers.RandomRotation(0.3, seed=1), (1, 6, 6, 1)),
    (keras.layers.Conv2DTranspose(2, 3, dilation_rate=2), (1, 6, 6, 1)),
):
    try:
        print(f"{layer.name}: gives {keras.ops.shape(layer(np.ones(shape), training=True))}")
    except Exception as error:
        print(f"{layer.name}: {type(error).__name__}")
