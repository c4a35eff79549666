"""ops.image.affine_transform with fill_mode="wrap" takes other pixels on TensorFlow beyond the border.

Run with each KERAS_BACKEND. A row of 0 to 4, moved by one and a half. Keras 3.15.1.
"""

import keras
import numpy as np

row = np.arange(5, dtype="float32").reshape(1, 5, 1)
move = np.array([1.0, 0.0, 1.5, 0.0, 1.0, 0.0, 0.0, 0.0], "float32")
for interpolation in ("nearest", "bilinear"):
    moved = keras.ops.image.affine_transform(row, move, interpolation=interpolation, fill_mode="wrap")
    print(interpolation, *(f"{float(v):g}" for v in np.ravel(keras.ops.convert_to_numpy(moved))))
