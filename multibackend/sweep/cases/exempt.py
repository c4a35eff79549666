"""Exemptions: the public names that the sweep leaves out, and why."""

from __future__ import annotations

_BASE = "a base class: what it does is done by its subclasses"
_PLUMBING = "turns a name or configuration into an object, and computes nothing"

EXEMPT: dict[str, str] = {
    **{
        f"{namespace}.{name}": _PLUMBING
        for namespace in (
            *("activations", "constraints", "initializers", "layers", "losses", "metrics", "optimizers"),
            *("optimizers.schedules", "regularizers"),
        )
        for name in ("deserialize", "get", "serialize")
        if name != "get" or namespace not in ("layers", "optimizers.schedules")
    },
    "constraints.Constraint": _BASE,
    "initializers.Initializer": _BASE,
    "layers.Layer": _BASE,
    "layers.Wrapper": _BASE,
    "losses.Loss": _BASE,
    "metrics.Metric": _BASE,
    "optimizers.Optimizer": _BASE,
    "regularizers.Regularizer": _BASE,
    "layers.Input": "declares a model's input, and computes nothing; every case of how=modes has one",
    "layers.InputLayer": "declares a model's input, and computes nothing; every case of how=modes has one",
    "layers.InputSpec": "describes what a layer accepts, and computes nothing",
    "layers.FlaxLayer": "wraps a module of Flax: runs on JAX alone",
    "layers.JaxLayer": "wraps a function of JAX: runs on JAX and TensorFlow alone",
    "layers.TFSMLayer": "wraps a SavedModel: runs on TensorFlow alone",
    "layers.TorchModuleWrapper": "wraps a module of torch: runs on torch alone",
    "layers.Hashing": "documented to need TensorFlow, which the other backends' environments don't hold",
    "layers.HashedCrossing": "documented to need TensorFlow, which the other backends' environments don't hold",
    "layers.StringLookup": "strings, for which JAX and torch have no tensors",
    "layers.TextVectorization": "strings, for which JAX and torch have no tensors",
    "optimizers.legacy": "the names of optimizers of Keras 2, each of which raises",
    "optimizers.schedules.LearningRateSchedule": _BASE,
}
"""Public names without a case, each with its reason."""
