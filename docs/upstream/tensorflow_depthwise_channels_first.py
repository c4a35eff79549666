"""A depthwise convolution of images with channels first adds its bias along another axis on TensorFlow.

Run with each KERAS_BACKEND. With a kernel of zeros only the bias is left: 0, 1, 2 for the three channels. Keras 3.15.1.
"""

import keras
import numpy as np

layer = keras.layers.DepthwiseConv2D(
    2, data_format="channels_first", depthwise_initializer="zeros", strides=2, padding="same"
)
x = np.ones((1, 3, 6, 6), "float32")
layer.build(x.shape)
layer.bias.assign([0.0, 1.0, 2.0])
print(
    "each channel's values:", [sorted({float(v) for v in np.ravel(c)}) for c in keras.ops.convert_to_numpy(layer(x))[0]]
)
