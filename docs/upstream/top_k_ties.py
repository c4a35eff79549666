"""top_k takes other ones of equal predictions on torch: Precision with top_k counts other classes.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

predictions = np.zeros((1, 40), "float32")
print("the first two of 40 equal numbers:", *(int(i) for i in keras.ops.top_k(predictions, 2)[1][0]))
metric = keras.metrics.Precision(top_k=2)
metric.update_state(np.eye(40)[:1], predictions)
print("precision where the first is right:", float(metric.result()))
