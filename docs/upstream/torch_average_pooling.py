"""Average pooling with padding="same" on torch divides by the whole window where it hangs over the border unevenly.

Run with each KERAS_BACKEND. Ones must average to ones. Keras 3.15.1.
"""

import keras
import numpy as np

pooled = keras.layers.AveragePooling2D(3, strides=2, padding="same")(np.ones((1, 4, 5, 1), "float32"))
print(f"the least average of ones: {float(keras.ops.min(pooled)):.4g}")
