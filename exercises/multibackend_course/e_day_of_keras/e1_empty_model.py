"""E1. An empty model, printed.

A Sequential is a list of layers, and it may begin empty. Without layers there are no weights, and without an input's
shape none can be made, so that the model isn't built. Its summary is a table which says so.
"""

import keras


def make_model() -> keras.Sequential:
    """A Sequential without a layer."""
    return keras.Sequential()


def read_summary(model: keras.Model) -> str:
    """The text that `model.summary()` would print."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines)
