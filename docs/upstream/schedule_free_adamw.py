"""ScheduleFreeAdamW: the weights after the same steps and gradients differ on JAX.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras

weight = keras.Variable(1.0)
optimizer = keras.optimizers.ScheduleFreeAdamW(learning_rate=0.1)
optimizer.build([weight])
for gradient in (1.0, -2.0, 3.0, 1.0):
    optimizer.apply([keras.ops.convert_to_tensor(gradient)])
print(f"in training: {float(weight):.6f}")
optimizer.finalize_variable_values([weight])
print(f"finalized: {float(weight):.6f}")
