"""Each framework takes another slope of a function at a kink: the gradient at 0 of functions with one.

Run with each KERAS_BACKEND. Keras 3.15.1, float32. The gradient is what one step of SGD(1.0) takes off a weight.
"""

import keras
import numpy as np
from keras import ops

names = {name: getattr(keras.activations, name) for name in ("celu", "leaky_relu", "selu")}
names |= {"abs": ops.abs, "maximum(x, 0)": lambda x: ops.maximum(x, 0.0), "clip": lambda x: ops.clip(x, 0.0, 1.0)}
for name, function in {**names, "hard_tanh at -1": lambda x: keras.activations.hard_tanh(x - 1)}.items():
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", activation=function)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(1.0), lambda _, p: p)
    model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
    print(f"{name}: {-float(layer.kernel[0, 0]):.4g}")
