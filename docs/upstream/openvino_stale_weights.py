"""Keras predicts on OpenVINO with the weights of the first prediction, whatever is assigned later.

Run with KERAS_BACKEND=openvino. Keras 3.15.1.
"""

import keras
import numpy as np

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
model.compile("sgd", "mse")
x = np.ones((1, 3), "float32")
print("with weights of 1:", float(model.predict(x, verbose=0)[0, 0]))
model.set_weights([np.full((3, 1), 5, "float32"), np.zeros(1, "float32")])
print("with weights of 5:", float(model.predict(x, verbose=0)[0, 0]))
