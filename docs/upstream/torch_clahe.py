"""ContrastLimitedAdaptiveHistogramEqualization gives other values on torch.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

image = (np.arange(8 * 9 * 3).reshape(1, 8, 9, 3) * 37 % 256).astype("float32")
layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
print("mean and last:", *(f"{float(v):.4f}" for v in (keras.ops.mean(layer(image)), layer(image)[0, -1, -1, -1])))
