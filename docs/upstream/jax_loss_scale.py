"""LossScaleOptimizer can't be applied eagerly on JAX: a traced number is left in one of its variables.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras

weight = keras.Variable(1.0)
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=4.0, dynamic_growth_steps=2)
optimizer.build([weight])
try:
    for _ in range(3):
        optimizer.apply([keras.ops.convert_to_tensor(4.0)])
    print(f"weight after three steps: {float(weight):g}")
except Exception as error:
    print(type(error).__name__)
