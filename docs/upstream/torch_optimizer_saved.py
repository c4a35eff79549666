"""A model compiled with SGD, Adam, ... and saved on torch can't be loaded where torch isn't installed (Keras 3.15.1).

Prints the module that the file names for the optimizer. Run with KERAS_BACKEND=jax, tensorflow or torch.
"""

import json
import tempfile
import zipfile

import keras

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/saved.keras")
    config = json.loads(zipfile.ZipFile(f"{folder}/saved.keras").read("config.json"))
print(config["compile_config"]["optimizer"]["module"])
