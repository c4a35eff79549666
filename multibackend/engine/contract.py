"""The functions that a backend's engine must have, and the types that they share.

Evaluation and prediction are Keras' own functions, so their meaning is Keras'. Engines differ only in how a step is
differentiated and in how an epoch is run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from multibackend.experiments.choices import Precision
from multibackend.experiments.experiment import Split


@dataclass(frozen=True)
class Epoch:
    """A training compiled for one model and the rows it was given.

    Called with an order of rows (int32, (rows,)), it resets the metrics and trains one epoch. It returns each step's
    loss, (steps,), and the metrics' results by name, as the framework's tensors: `to_numpy` reads them, and waits for
    what is still being computed. The model's Keras variables then hold the new values.
    `how` says how the training runs, for the record.
    """

    run: Callable[[np.ndarray], tuple[Any, dict[str, Any]]]
    how: dict[str, Any]

    def __call__(self, order: np.ndarray) -> tuple[Any, dict[str, Any]]:
        """Train one epoch."""
        return self.run(order)


Forward = Callable[[Any], dict[str, np.ndarray]]
"""A function of inputs that returns each layer's output by its name."""

FirstStep = Callable[[Split], tuple[float, dict[str, np.ndarray]]]
"""A function of a batch that trains one step; it returns the loss, and the gradients by their variables' paths."""

Differentiable = Callable[[list[Any]], tuple[Any, list[Any]]]
"""A function of tensors that returns the scalar to differentiate, and extra results."""


class Engine(Protocol):
    """The functions that every backend's `engine.py` has."""

    def configure(self, precision: Precision, threads: int) -> dict[str, Any]:
        """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""

    def device(self) -> str:
        """Name the device that computes: "cpu", or the platform with the card's name, as in "cuda (NVIDIA H100)"."""

    def compile_forward(self, model: Any) -> Forward:
        """Compile a function that returns every layer's inference output, named and ordered as by `call_recorded`."""


class TrainingEngine(Engine, Protocol):
    """The functions that `engine.py` also has on a backend that trains."""

    def training_mode(self, model: Any) -> AbstractContextManager[None]:
        """Put a model's modules of the framework's own in training mode while open, as `fit` does."""

    def compile_first_step(self, model: Any) -> FirstStep:
        """Compile a function that trains one step on a batch and returns its loss and its gradients.

        Weights and optimizer slots then hold what the step made of them; metrics are as they were.
        """

    def differentiate(
        self, function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return a function's results, and its scalar's gradients: for each array, then for each (floating) variable.

        A gradient is zeros for an array that isn't floating, and for what the scalar doesn't depend on. What the
        function does to other variables may or may not stay: the caller restores it.
        """

    def apply_gradients(self, model: Any, gradients: list[np.ndarray]) -> None:
        """Let the model's optimizer apply these gradients, one for each trainable variable."""

    def compile_epoch(self, model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
        """Compile the training of `model` on rows that lie on the device from now on; no variable changes.

        `epochs` is how long training will be: what a slow compiler costs must pay back within it.
        """
