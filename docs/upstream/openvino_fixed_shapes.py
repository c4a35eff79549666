"""Convolution, ReLU and pooling in a row on OpenVINO are wrong where all shapes are fixed, as on constants.

Run with KERAS_BACKEND=openvino. Keras 3.15.1, OpenVINO 2026.4.1, on an AMD EPYC.
"""

import keras
import numpy as np
from keras import layers

model = keras.Sequential([keras.Input((10, 3)), layers.Conv1D(4, 3), layers.ReLU(), layers.MaxPooling1D(2)])
model.compile("sgd", "mse")
x = np.random.default_rng(0).normal(size=(9, 10, 3)).astype("float32")
called, predicted = keras.ops.convert_to_numpy(model(x)), model.predict(x, verbose=0)
print("largest difference between model(x) and model.predict(x):", np.abs(called - predicted).max())
