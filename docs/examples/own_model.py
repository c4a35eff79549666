"""A library author's own model: a layer, a loss and a training step that Keras doesn't have.

    multibackend parity docs/examples/own_model.py:build_model

The step divides all gradients by their common norm before the optimizer gets them. Keras asks for such a step in each
framework's own words; whether the three do the same is what `multibackend parity` tells.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops


class Gate(layers.Layer):
    """Lets each unit through by as much as it has learned to."""

    def build(self, input_shape: Any) -> None:
        """Make the gates, half open."""
        self.gate = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="gate")

    def call(self, inputs: Any) -> Any:
        """Multiply each unit by its gate, between 0 and 1."""
        return inputs * ops.sigmoid(self.gate)


class FocalLoss(keras.losses.Loss):
    """Cross-entropy that counts rows less, the better they are known (Lin et al. 2017, arXiv 1708.02002)."""

    def __init__(self, gamma: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row, (rows,), of classes (rows,) and probabilities (rows, classes)."""
        classes = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        likelihood = ops.clip(ops.sum(classes * y_pred, axis=-1), 1e-7, 1.0)
        return -((1.0 - likelihood) ** self.gamma) * ops.log(likelihood)


def normalise(gradients: list[Any]) -> list[Any]:
    """All gradients divided by their common norm."""
    norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    return [gradient / norm for gradient in gradients]


class NormalisedModel(keras.Model):
    """Trains with normalised gradients, on each backend as its framework wants it."""

    def train_step(self, *arguments: Any) -> Any:
        """One step: of `data`; on JAX of `state` and `data`, and it returns the new state too."""
        steps = {"jax": self._step_on_jax, "tensorflow": self._step_on_tensorflow, "torch": self._step_on_torch}
        return steps[keras.backend.backend()](*arguments)

    def _step_on_jax(self, state: Any, data: Any) -> Any:
        import jax

        weights, others, slots, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)

        def differentiated(weights: Any) -> Any:
            y_pred, new_others = self.stateless_call(weights, others, x, training=True)
            return self.compute_loss(x, y, y_pred), (y_pred, new_others)

        (loss, (y_pred, others)), gradients = jax.value_and_grad(differentiated, has_aux=True)(weights)
        weights, slots = self.optimizer.stateless_apply(slots, normalise(gradients), weights)
        pairs = list(zip(self.metrics_variables, metrics, strict=True))
        with keras.StatelessScope(state_mapping=pairs) as scope:
            logs = self._report(loss, y, y_pred)
        metrics = [scope.get_current_value(variable) for variable in self.metrics_variables]
        return logs, (weights, others, slots, metrics)

    def _step_on_tensorflow(self, data: Any) -> Any:
        import tensorflow as tf

        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        self.optimizer.apply(normalise(tape.gradient(loss, self.trainable_weights)), self.trainable_weights)
        return self._report(loss, y, y_pred)

    def _step_on_torch(self, data: Any) -> Any:
        import torch

        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred)
        loss.backward()
        with torch.no_grad():
            gradients = normalise([weight.value.grad for weight in self.trainable_weights])
            self.optimizer.apply(gradients, self.trainable_weights)
        return self._report(loss, y, y_pred)

    def _report(self, loss: Any, y: Any, y_pred: Any) -> dict[str, Any]:
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=ops.shape(y_pred)[0])
            else:
                metric.update_state(y, y_pred)
        return self.get_metrics_result()


def build_model() -> keras.Model:
    """The model, compiled: what `multibackend parity` builds anew on each backend and in each precision."""
    inputs = keras.Input((8,))
    hidden = Gate()(layers.Dense(16, "tanh")(inputs))
    model = NormalisedModel(inputs, layers.Dense(3, "softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.01), FocalLoss(), metrics=["accuracy"])
    return model


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """150 rows of three classes: NumPy arrays, from a seed or a file, the same on each backend."""
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 8))
    return x, (x @ random.normal(size=(8, 3))).argmax(axis=1)
