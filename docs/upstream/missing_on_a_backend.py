"""Functions that run on some backends and raise on others, in float32 on CPU.

Run with each KERAS_BACKEND. Keras 3.15.1.
"""

import keras
import numpy as np

x, images, layers = np.ones((2, 4, 3), "float32"), np.ones((3, 4, 6, 2), "float32"), keras.layers
for name, function in {
    "softmax(axis=[1, 2])": lambda: keras.activations.softmax(x, axis=[1, 2]),
    "sparse cross-entropy, axis=1": lambda: keras.losses.SparseCategoricalCrossentropy(axis=1)(np.ones((2, 3)), x),
    "MultiHeadAttention(value_dim=4)": lambda: layers.MultiHeadAttention(2, 3, value_dim=4)(x, x),
    "ConvLSTM1D with a mask": lambda: layers.ConvLSTM1D(2, 2)(images, mask=np.ones((3, 4), "bool")),
    "IntegerLookup": lambda: layers.IntegerLookup(vocabulary=[1, 2])(np.ones((2,), "int32")),
    "resizing, lanczos3": lambda: layers.Resizing(3, 3, "lanczos3")(images),
}.items():
    try:
        print(f"{name}: {'runs' if function() is not None else 'gives nothing'}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
