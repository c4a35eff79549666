"""The same trainings written by hand in each framework, without Keras, as an engineer would write them for speed.

Each backend has a module here that holds the same functions; `ByHand` says what they promise. State, rows and losses
stay on the device; the host reads once an epoch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np

from multibackend import Split
from multibackend.engine.backends import DESCRIPTORS
from multibackend.errors import MultibackendError

Epoch = Callable[[np.ndarray], tuple[np.ndarray, float]]
"""Trains on rows in an order, int32 (rows,); returns each step's loss, (steps,), and the accuracy."""

Loop = Callable[[int], Any]
"""Computes the same matrix product so many times; returns what can be read of the last, at least its first number."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's settings, Keras' defaults (keras.optimizers.Adam)."""

MOMENTUM, VARIANCE_EPSILON = 0.99, 1e-3
"""BatchNormalization's momentum, and its and LayerNormalization's epsilon: Keras' defaults."""

WRITTEN = tuple(name for name in DESCRIPTORS if Path(__file__).with_name(f"{name}.py").is_file())
"""The backends that have a module here."""

HEADS = 4
"""The number of heads of the transformer's attention."""


@dataclass(frozen=True)
class Recipe:
    """A training to write by hand: its network, its loss and its optimizer.

    The loss is a mean over rows of the cross-entropy of integer classes ("sparse"), of one-hot rows
    ("categorical"), or of one logit ("binary").
    """

    network: Literal["mlp", "cnn", "batchnorm", "gru", "transformer"]
    loss: Literal["sparse", "categorical", "binary"]
    optimizer: Literal["sgd", "adam"]
    learning_rate: float
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"


class ByHand(Protocol):
    """The functions that each backend's module holds."""

    def compile_epoch(self, recipe: Recipe, weights: list[np.ndarray], training: Split, batch_size: int) -> Epoch:
        """Compile an epoch; `weights` are those of the Keras model, `model.get_weights()`, in its order and layout."""

    def usual_settings(self) -> AbstractContextManager[None]:
        """Let operations be non-deterministic in the context, as users have them; the engines' `configure` doesn't."""

    def compile_product(self, a: np.ndarray, b: np.ndarray) -> Loop:
        """Compile the backend's tightest loop over the product of two arrays of rank 2, or of rank 3 with a batch."""


def get_by_hand(backend: str) -> ByHand:
    """Import the functions of a backend, and its framework with them.

    Raises:
        MultibackendError: nothing is written by hand for a backend of that name.
    """
    if backend not in WRITTEN:
        raise MultibackendError(f"backend {backend!r}: nothing is written by hand; expected {' or '.join(WRITTEN)}.")
    return cast("ByHand", importlib.import_module(f"benchmarks.by_hand.{backend}"))


def pairs(weights: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pair each layer's kernel with its bias."""
    return list(zip(weights[::2], weights[1::2], strict=True))


def pack_attention(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Return the transformer's weights with its attention as two dense layers.

    Query, key and value, (features, heads, depth) each, become one kernel (features, 3 heads depth), so that one
    product does for three. The output's (heads, depth, features) becomes (heads depth, features).
    """
    embedding, *rest = weights
    (query, key, value, out), others = pairs(rest)[:4], rest[8:]
    features = embedding.shape[1]
    kernel = np.concatenate([kernel.reshape(features, -1) for kernel, _ in (query, key, value)], axis=1)
    bias = np.concatenate([bias.reshape(-1) for _, bias in (query, key, value)])
    return [embedding, kernel, bias, out[0].reshape(-1, features), out[1], *others]
