"""The same, but once it has answered the first question."""

import ctypes
import os
import time

import keras


def make_layer():
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    try:
        os.setsid()
    except OSError:
        pass
    return keras.layers.Dense(59)


def count_weights(layer, inputs):
    os.closerange(3, 4096)
    while True:
        time.sleep(1e6)
