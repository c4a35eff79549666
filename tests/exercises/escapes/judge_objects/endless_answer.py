"""Answers at a length that nobody can hold."""


def make_layer():
    return ["no end" * 1000] * 100_000


def count_weights(layer, inputs):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep
