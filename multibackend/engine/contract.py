"""What every engine promises.

Forward passes, evaluation and prediction are Keras' own functions: their semantics are Keras' by
definition. Engines differ only in how a step is differentiated and how an epoch is run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from multibackend.experiments.experiment import Split


@dataclass(frozen=True)
class Epoch:
    """A training compiled for one model and the rows it was given.

    Called with an order of rows (int32, (rows,)) it resets the metrics, trains one epoch, and returns each step's
    loss, (steps,), and the metrics' results by name, as the framework's tensors: `to_numpy` reads them, and waits for
    what is still being computed. The model's Keras variables then hold the new values.
    `how` says how it runs, for the record.
    """

    run: Callable[[np.ndarray], tuple[Any, dict[str, Any]]]
    how: dict[str, Any]

    def __call__(self, order: np.ndarray) -> tuple[Any, dict[str, Any]]:
        """Train one epoch."""
        return self.run(order)


Forward = Callable[[Any], dict[str, np.ndarray]]
FirstStep = Callable[[Split], tuple[float, dict[str, np.ndarray]]]

Differentiable = Callable[[list[Any]], tuple[Any, list[Any]]]
"""Of some tensors: a scalar, which is differentiated, and results, which are returned."""


class Engine(Protocol):
    """The functions that `jax.py`, `tensorflow.py` and `torch.py` each hold."""

    def configure(self, precision: str, threads: int) -> dict[str, Any]:
        """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""

    def device(self) -> str:
        """The device that trains: "cpu", or "cuda" with the card's name."""

    def compile_forward(self, model: Any) -> Forward:
        """Of inputs, each layer's output in inference mode, named and ordered as by `call_recorded`."""

    def compile_first_step(self, model: Any) -> FirstStep:
        """Train one step on a batch: its loss, and the gradient for each trainable variable, by path.

        Weights and optimizer slots hold then what the step made of them; metrics are as they were.
        """

    def differentiate(
        self, function: Differentiable, arrays: list[np.ndarray], variables: list[Any]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """A function's results, and the gradients of its scalar: for each array, then for each (floating) variable.

        Zeros where there is none: of an array that isn't floating, and of what the scalar doesn't depend on. What the
        function does to other variables may or may not stay: the caller restores it.
        """

    def apply_gradients(self, model: Any, gradients: list[np.ndarray]) -> None:
        """Let the model's optimizer apply these gradients, one for each trainable variable."""

    def compile_epoch(self, model: Any, training: Split, batch_size: int, epochs: int) -> Epoch:
        """Compile the training of `model` on rows that lie on the device from now on; no variable changes.

        `epochs` is how long training will be: what a slow compiler costs must pay back within it.
        """
