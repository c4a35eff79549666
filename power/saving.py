"""Faults before training and after it: in data, initial weights, configuration, files."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from multibackend import Dataset, Split
from power.planting import Site, in_code, in_data, in_model

# --------------------------------------------------------------------------------------------------------- data


@in_data
def label_off_by_one(data: Dataset) -> Dataset:
    targets = np.array(data.training.targets)
    targets[30] = (targets[30] + 1) % 3
    return Dataset(Split(data.training.inputs, targets), data.test, data.validation)


@in_data
def inputs_through_float32(data: Dataset) -> Dataset:
    inputs = np.asarray(data.training.inputs).astype("float32").astype("float64")
    return Dataset(Split(inputs, data.training.targets), data.test, data.validation)


# ------------------------------------------------------------------------------------------------- initial weights


@in_code
def fan_in_for_fan_out(site: Site) -> None:
    from keras.src.initializers import random_initializers

    def equal(fans: Any) -> Any:
        return lambda *args, **kwargs: (fans(*args, **kwargs)[0],) * 2

    site.replace_while_building(random_initializers, "compute_fans", equal)


@in_code
def forget_bias_zero(site: Site) -> None:
    from keras.src.layers.rnn.lstm import LSTMCell

    def forgetful(build: Any) -> Any:
        def changed(self: Any, shape: Any) -> None:
            self.unit_forget_bias = False
            build(self, shape)
            self.unit_forget_bias = True

        return changed

    site.replace_while_building(LSTMCell, "build", forgetful)


@in_code
def orthogonal_sign(site: Site) -> None:
    from keras import initializers, ops

    def unsigned(call: Any) -> Any:
        def changed(self: Any, shape: Any, dtype: Any = None) -> Any:
            drawn = call(self, shape, dtype)
            return ops.concatenate([-drawn[:1], drawn[1:]], axis=0)

        return changed

    site.replace_while_building(initializers.Orthogonal, "__call__", unsigned)


# ----------------------------------------------------------------------------------------------------- structure


@in_code
def batch_normalization_default(site: Site) -> None:
    def changed(init: Any) -> Any:
        return lambda self, **given: init(self, **({"momentum": 0.9} | given))

    site.replace_while_building(keras.layers.BatchNormalization, "__init__", changed)


@in_code
def convolution_without_bias(site: Site) -> None:
    def changed(init: Any) -> Any:
        return lambda self, *args, **given: init(self, *args, **(given | {"use_bias": False}))

    site.replace_while_building(keras.layers.Conv1D, "__init__", changed)


@in_model
def optimizer_default(model: keras.Model) -> None:
    model.optimizer.beta_2 = 0.99


# -------------------------------------------------------------------------------------------------------- files


@in_code
def kernel_saved_in_half(site: Site) -> None:
    def halved(save: Any) -> Any:
        def changed(self: Any, store: Any) -> None:
            values: dict[str, Any] = {}
            save(self, values)
            for key, value in values.items():
                exact = keras.ops.convert_to_numpy(value)
                rounded = self.name == "code" and key == "0"
                store[key] = exact.astype("float16").astype(exact.dtype) if rounded else exact

        return changed

    site.replace(keras.layers.Dense, "save_own_variables", halved)


@in_code
def statistics_not_loaded(site: Site) -> None:
    from keras.src.layers.layer import Layer

    def forgetful(load: Any) -> Any:
        def changed(self: Any, store: Any) -> None:
            kept = [keras.ops.convert_to_numpy(v) for v in self.non_trainable_variables]
            load(self, store)
            if isinstance(self, keras.layers.BatchNormalization):
                for variable, value in zip(self.non_trainable_variables, kept, strict=True):
                    variable.assign(value)

        return changed

    site.replace(Layer, "load_own_variables", forgetful)


@in_code
def optimizer_state_not_loaded(site: Site) -> None:
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    site.replace(BaseOptimizer, "load_own_variables", lambda _: lambda *_: None)
