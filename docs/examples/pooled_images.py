"""A small network for images: on torch, its pooling layer counts a copy of the border (Keras 3.15.1)."""

import keras
from keras import layers


def build_model() -> keras.Model:
    """Ten classes of images of 10 by 10 pixels."""
    model = keras.Sequential(
        [
            keras.Input((10, 10, 3)),
            layers.Conv2D(8, 3, activation="relu", name="conv"),
            layers.AveragePooling2D(3, strides=2, padding="same", name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(10, "softmax", name="out"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
