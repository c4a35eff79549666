"""Answers each question just before its time would be over, if each had a time of its own."""

import time


def make_layer():
    time.sleep(0.9)
    return 0


def count_weights(layer, inputs):
    time.sleep(3.5)
    return 0
