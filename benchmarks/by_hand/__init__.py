"""The same trainings written by hand in each framework, without Keras: what an engineer would write there for speed.

`jax.py`, `tensorflow.py` and `torch.py` hold the same two functions; `ByHand` says what they promise. State, rows and
losses stay on the device; the host reads once an epoch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np

from multibackend import Split
from multibackend.errors import MultibackendError

Epoch = Callable[[np.ndarray], tuple[np.ndarray, float]]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's, by Keras' defaults (keras.optimizers.Adam)."""

MOMENTUM, VARIANCE_EPSILON = 0.99, 1e-3
"""By Keras' defaults: of BatchNormalization the momentum, of it and of LayerNormalization the epsilon."""

HEADS = 4
"""Of the transformer's attention."""


@dataclass(frozen=True)
class Recipe:
    """What is written by hand for a workload: its network, its loss and its optimizer.

    The loss is a mean over rows of the cross-entropy of integer classes ("sparse"), of one-hot rows
    ("categorical"), or of one logit ("binary").
    """

    network: Literal["mlp", "cnn", "batchnorm", "gru", "transformer"]
    loss: Literal["sparse", "categorical", "binary"]
    optimizer: Literal["sgd", "adam"]
    learning_rate: float
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"


class ByHand(Protocol):
    """The functions that `jax.py`, `tensorflow.py` and `torch.py` each hold."""

    def compile_epoch(self, recipe: Recipe, weights: list[np.ndarray], training: Split, batch_size: int) -> Epoch:
        """A function from an order of rows, int32 (rows,), to each step's loss, (steps,), and the accuracy.

        `weights` are those of the Keras model, `model.get_weights()`, in its order and layout.
        """

    def usual_settings(self) -> AbstractContextManager[None]:
        """While open, operations needn't be deterministic, as users have it: the engines' `configure` demands it."""


def get_by_hand(backend: str) -> ByHand:
    """The functions of a backend; imports its framework.

    Raises:
        MultibackendError: no backend of that name.
    """
    match backend:
        case "jax" | "tensorflow" | "torch":
            return cast("ByHand", importlib.import_module(f"benchmarks.by_hand.{backend}"))
        case _:
            raise MultibackendError(f"backend {backend!r}: unknown; expected jax, tensorflow or torch.")


def pairs(weights: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer."""
    return list(zip(weights[::2], weights[1::2], strict=True))


def pack_attention(weights: list[np.ndarray]) -> list[np.ndarray]:
    """The transformer's weights with its attention as two dense layers.

    Of query, key and value, (features, heads, depth) each, it makes one kernel (features, 3 heads depth), so that one
    product does for three; of the output's (heads, depth, features) one of (heads depth, features).
    """
    embedding, *rest = weights
    (query, key, value, out), others = pairs(rest)[:4], rest[8:]
    features = embedding.shape[1]
    kernel = np.concatenate([kernel.reshape(features, -1) for kernel, _ in (query, key, value)], axis=1)
    bias = np.concatenate([bias.reshape(-1) for _, bias in (query, key, value)])
    return [embedding, kernel, bias, out[0].reshape(-1, features), out[1], *others]
