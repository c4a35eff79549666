"""One training step on JAX: a function of the variables' values that returns what they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from multibackend.engine.contract import FirstStep
from multibackend.engine.jax.setup import place
from multibackend.engine.model import parts
from multibackend.engine.state import by_path, to_numpy
from multibackend.experiments.experiment import Split


class State(NamedTuple):
    """A model's variables, or their values, in the groups in which Keras' functions without side effects take them."""

    trainable: list[Any]
    non_trainable: list[Any]
    slots: list[Any]
    metrics: list[Any]

    @classmethod
    def of(cls, model: Any) -> State:
        """Return the variables of a model."""
        return cls(
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )

    def each(self, function: Callable[[Any], Any]) -> State:
        """Apply a function to each variable or value."""
        return State(*([function(value) for value in group] for group in self))

    def flat(self) -> list[Any]:
        """Return all variables or values in one list, ordered as by `all_variables`."""
        return [value for group in self for value in group]

    def copies(self) -> State:
        """Copy the variables' values: a compiled function may write over the buffers that it is given."""
        return self.each(lambda variable: jnp.array(variable._value, copy=True))


Step = Callable[[State, Any, jax.Array], tuple[State, jax.Array]]
"""A function of values, data and the numbers of a batch's rows that returns the new values and the loss."""


@dataclass(frozen=True)
class _Update:
    """The values after a batch (of the metrics, the loss' alone), its loss, its predictions and its gradients."""

    state: State
    loss: jax.Array
    y_pred: Any
    gradients: list[jax.Array]


@contextmanager
def training_mode(model: Any) -> Iterator[None]:
    """Do nothing: a Keras model on JAX has no modules of the framework's own."""
    del model
    yield


def compile_first_step(model: Any) -> FirstStep:
    """Compile a function that trains one step on a batch and returns its loss and its gradients."""

    def step(state: State, x: Any, y: Any, weights: Any) -> Any:
        update = _update(model, state, x, y, weights)
        return update.state._replace(metrics=state.metrics), update.loss, update.gradients

    compiled = jax.jit(step)

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        variables = State.of(model)
        state, loss, gradients = compiled(variables.copies(), *map(place, parts(batch)))
        for variable, value in zip(variables.flat(), state.flat(), strict=True):
            variable.assign(value)
        return float(loss), by_path(model.trainable_variables, map(to_numpy, gradients))

    return first_step


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    model.optimizer.apply([jnp.asarray(gradient) for gradient in gradients], model.trainable_variables)


def make_step(model: Any) -> Step:
    """Return one step of `keras.Model.fit` on JAX (keras/src/backend/jax/trainer.py, train_step)."""

    def step(state: State, data: Any, rows: jax.Array) -> tuple[State, jax.Array]:
        x, y, weights = jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)
        update = _update(model, state, x, y, weights)
        metrics = update.state.metrics
        _, metrics = model._update_metrics_variables(metrics, update.loss, x, y, update.y_pred, weights)
        return update.state._replace(metrics=metrics), update.loss

    return step


def _update(model: Any, state: State, x: Any, y: Any, weights: Any) -> _Update:
    # Keras' own forward pass and loss for this backend, and not `compute_loss`: it also hands on what they change.
    differentiated = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
    (_, (loss, y_pred, non_trainable, metrics)), gradients = differentiated(
        *(state.trainable, state.non_trainable, state.metrics),
        *(x, y, weights),
        training=True,
        optimizer_variables=state.slots,
    )
    trainable, slots = model.optimizer.stateless_apply(state.slots, gradients, state.trainable)
    return _Update(State(trainable, non_trainable, slots, metrics), loss, y_pred, gradients)
