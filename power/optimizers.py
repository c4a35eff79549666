"""Optimizers of the corpus, by name."""

from __future__ import annotations

import keras


def make_optimizer(name: str) -> keras.optimizers.Optimizer:
    """Make an optimizer with settings that make each of its terms count within a few steps."""
    optimizers = keras.optimizers
    match name:
        case "sgd":
            return optimizers.SGD(0.1)
        case "momentum":
            return optimizers.SGD(0.05, momentum=0.9)
        case "nesterov":
            return optimizers.SGD(0.05, momentum=0.9, nesterov=True)
        case "schedule":
            return optimizers.SGD(optimizers.schedules.ExponentialDecay(0.25, 2, 0.5, staircase=True), momentum=0.5)
        case "rounded":  # a rate that float32 doesn't hold
            return optimizers.SGD(optimizers.schedules.ExponentialDecay(0.2, 2, 0.5), momentum=0.5)
        case "clipped":
            return optimizers.SGD(0.2, clipnorm=0.05)
        case "adam":
            return optimizers.Adam(0.01)
        case "decayed":  # by a share that float32 doesn't hold
            return optimizers.AdamW(0.01, weight_decay=0.1)
        case "adamw":
            decayed = optimizers.AdamW(0.01, weight_decay=0.125)
            decayed.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
            return decayed
        case "nadam":
            return optimizers.Nadam(0.01)
        case "adamax":
            return optimizers.Adamax(0.01)
        case "adagrad":
            return optimizers.Adagrad(0.1)
        case "rmsprop":
            return optimizers.RMSprop(0.01, momentum=0.3)
    raise ValueError(f"optimizer {name!r}: not in the zoo")
