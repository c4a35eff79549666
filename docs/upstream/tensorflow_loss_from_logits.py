"""TensorFlow looks behind a softmax for its logits and does not clip; JAX and torch clip probabilities at 1e-7.

Run with each KERAS_BACKEND. A confident wrong prediction costs 20 on TensorFlow, 16.1 = -ln(1e-7) elsewhere,
and has a gradient on TensorFlow alone. Keras 3.15.1, float32.
"""

import keras
import numpy as np

model = keras.Sequential([keras.Input((2,)), keras.layers.Activation("softmax")])
model.compile(loss="categorical_crossentropy")
loss = model.evaluate(np.array([[20.0, 0.0]]), np.array([[0.0, 1.0]]), verbose=0)
print(f"loss {loss:.3f}")
