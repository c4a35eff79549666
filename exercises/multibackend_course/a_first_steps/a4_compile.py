"""A4. How a model will learn: its optimizer and its loss.

Both can be given by name. A name stands for an object with its usual settings: "sgd" is `keras.optimizers.SGD()`,
whose rate is 0.01. For another rate one gives the object itself.
"""

import keras


def compile_model(model: keras.Model) -> keras.Model:
    """Gradient descent on the mean squared error, both by their names."""
    model.compile(optimizer="sgd", loss="mean_squared_error")
    return model


def compile_with_rate(model: keras.Model, learning_rate: float) -> keras.Model:
    """The same, at a chosen learning rate."""
    optimizer = keras.optimizers.SGD(learning_rate=learning_rate)
    model.compile(optimizer=optimizer, loss="mean_squared_error")
    return model
