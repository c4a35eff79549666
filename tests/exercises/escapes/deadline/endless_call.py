"""Answers the first question and not the second."""

import time

import keras

asked = []


def make_layer():
    if asked:
        time.sleep(1e6)
    asked.append(1)
    return keras.layers.Dense(60)
