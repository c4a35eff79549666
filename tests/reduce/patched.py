"""A patched Keras, to be run before a script: on TensorFlow, elu with another slope."""

import keras

if keras.backend.backend() == "tensorflow":
    from keras.src.backend.tensorflow import nn

    original = nn.elu
    nn.elu = lambda x, alpha=1.0: original(x, 1.01 * alpha)
