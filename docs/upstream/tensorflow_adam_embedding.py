"""Adam on an Embedding whose token occurs twice in a batch: TensorFlow adds the squares of its gradients.

Run with each KERAS_BACKEND. Gradients 2 and 4 on one token: the second moment is 0.001 (2 + 4)^2 = 0.036. Keras 3.15.1.
"""

import keras
import numpy as np

layer = keras.layers.Embedding(1, 1, embeddings_initializer="zeros")
model = keras.Sequential([keras.Input((2,), dtype="int32"), layer, keras.layers.Flatten()])
model.compile("adam", lambda y, p: keras.ops.sum(p * y))
model.train_on_batch(np.zeros((1, 2), "int32"), np.array([[2.0, 4.0]], "float32"))
print("second moment:", *(f"{float(v[0, 0]):.3f}" for v in model.optimizer.variables if "velocity" in v.path))
