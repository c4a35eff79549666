"""Raises exceptions within exceptions, in circles."""


def make_layer():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    group = first
    for _ in range(20_000):
        group = ExceptionGroup("deep", [group])
    raise group


def count_weights(layer, inputs):
    return count_weights(layer, inputs)
