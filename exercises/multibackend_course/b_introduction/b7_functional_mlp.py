"""B7. The same network in the functional API, and what that API gives besides: a look inside.

A functional model is a graph from inputs to outputs. Any tensor in it may be the output of another model on the same
layers, such as the last hidden layer's, which is what the network has made of an image before it decides.
"""

import keras


def build_mlp() -> keras.Sequential:
    """The network of B6: 784-256-256-128-10, relu and softmax as layers."""
    model = keras.Sequential([keras.Input((784,))])
    for units, activation in ((256, "relu"), (256, "relu"), (128, "relu"), (10, "softmax")):
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.Activation(activation))
    return model


def build_functional_mlp() -> keras.Model:
    """The same, each layer called on what the one before it gives."""
    inputs = keras.Input((784,))
    x = keras.layers.Dense(256)(inputs)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Dense(256)(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Dense(128)(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Dense(10)(x)
    outputs = keras.layers.Activation("softmax")(x)
    return keras.Model(inputs, outputs)


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give `target` the weights of `source`: the same shapes in the same order."""
    target.set_weights(source.get_weights())


def without_last_layer(model: keras.Model) -> keras.Model:
    """The model up to its last layer but one, with the same layers, and so the same weights."""
    return keras.Model(model.inputs, model.layers[-2].output)
