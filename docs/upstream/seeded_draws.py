"""The same seed draws other numbers on each backend: initial weights and dropout masks are not the same.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

weights = keras.initializers.GlorotUniform(seed=7)((2, 2))
print("weights:", *(f"{float(w):.4f}" for w in np.ravel(keras.ops.convert_to_numpy(weights))))
dropped = keras.layers.Dropout(0.5, seed=7)(np.ones((1, 8), "float32"), training=True)
print("kept:", *(int(v > 0) for v in np.ravel(keras.ops.convert_to_numpy(dropped))))
