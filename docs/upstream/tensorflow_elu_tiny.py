"""elu and selu near zero lose their digits on TensorFlow: exp(x) - 1 in place of expm1(x).

Run with each KERAS_BACKEND. elu(-1e-6) is -1e-6 but for one part in two million. Keras 3.15.1, float32.
"""

import keras
import numpy as np

value = float(keras.activations.elu(keras.ops.convert_to_tensor(np.array([-1e-6], "float32")))[0])
print(f"elu(-1e-6) is {value:.6g}, off by {abs(value + 1e-6) / 1e-6:.0e}")
