"""Gives its classes names of ten million characters, and of control characters."""

Long = type("x" * 10_000_000, (), {})
Rude = type("\x1b[2J\x07\r\n5 of 5\u202e", (), {})


def make_layer():
    return Long()


def count_weights(layer, inputs):
    raise type("y" * 10_000_000, (Exception,), {})("\x1b[2J" * 1_000_000)
