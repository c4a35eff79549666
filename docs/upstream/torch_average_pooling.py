"""Average pooling with padding="same" on torch counts a copy of the last value where the border is uneven.

Run with each KERAS_BACKEND. A window of three over 10 and 20 hangs over by one: the mean is 15. Keras 3.15.1.
"""

import keras
import numpy as np

x = np.array([10.0, 20.0], "float32").reshape(1, 1, 2, 1)
pooled = keras.layers.AveragePooling2D((1, 3), strides=2, padding="same")(x)
print(f"mean of 10 and 20: {float(pooled[0, 0, 0, 0]):.4g}")
