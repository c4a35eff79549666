"""LayerNormalization over an axis that isn't the last raises on torch.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

try:
    y = keras.layers.LayerNormalization(axis=1)(np.arange(24.0, dtype="float32").reshape(2, 3, 4))
    print(f"the largest mean over the axis: {float(keras.ops.max(keras.ops.abs(keras.ops.mean(y, axis=1)))):.1g}")
except Exception as error:
    print(
        f"raises {type(error).__name__}: {str(error).splitlines()[-4 if len(str(error).splitlines()) > 4 else 0][:90]}"
    )
