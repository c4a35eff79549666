"""Write a Keras 3 model once; train it on TensorFlow, PyTorch and JAX; prove what is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multibackend.errors import DataUnavailable, MultibackendError, RecordError, Unsupported

if TYPE_CHECKING:
    from multibackend.api import parity
    from multibackend.engine.backends import BACKENDS
    from multibackend.experiments.experiment import Dataset, Experiment, Plan, Split

__version__ = "0.1.0"

__all__ = [
    "BACKENDS",
    "DataUnavailable",
    "Dataset",
    "Experiment",
    "MultibackendError",
    "Plan",
    "RecordError",
    "Split",
    "Unsupported",
    "parity",
]


def __getattr__(name: str) -> object:
    """Import a name at its first use: `multibackend --help` needs neither `experiment` nor NumPy."""
    if name == "BACKENDS":
        from multibackend.engine.backends import BACKENDS

        return BACKENDS
    if name == "parity":
        from multibackend.api import parity

        return parity
    if name in ("Dataset", "Experiment", "Plan", "Split"):
        from multibackend.experiments import experiment

        return getattr(experiment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
