"""Wants memory of the framework, in one array and in many."""

import keras

hoard = []
while True:
    hoard.append(keras.ops.ones((1 << 26,), "float32") + 1)
