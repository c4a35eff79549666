"""A stateful recurrent layer has no gradient on torch: its state is overwritten before the backward pass needs it.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), keras.layers.GRU(2, stateful=True)])
model.compile("sgd", "mse")
try:
    model.train_on_batch(np.ones((2, 3, 1)), np.ones((2, 2)))
    print("trains")
except Exception as error:
    print(f"{type(error).__name__}: {str(error)[:70]}")
