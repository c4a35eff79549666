"""One training step on TensorFlow: operations of a graph that read and assign the model's variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from keras import tree

from multibackend.engine.contract import FirstStep
from multibackend.engine.model import compute_loss, parts
from multibackend.engine.state import by_path, to_numpy
from multibackend.engine.tensorflow.setup import place
from multibackend.engine.tensorflow.speed.operations import cheaper_gradients
from multibackend.experiments.experiment import Split

Step = Callable[[Any, tf.Tensor], tf.Tensor]
"""A function of data and the numbers of a batch's rows that trains on these and returns the loss."""


@contextmanager
def training_mode(model: Any) -> Iterator[None]:
    """Do nothing: a Keras model on TensorFlow has no modules of the framework's own."""
    del model
    yield


def compile_first_step(model: Any) -> FirstStep:
    """Compile a function that trains one step on a batch and returns its loss and its gradients."""

    def step(x: Any, y: Any, weights: Any) -> Any:
        loss, _, gradients = _differentiate_loss(model, x, y, weights)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        return loss, [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]

    compiled = tf.function(step, autograph=False)

    def first_step(batch: Split) -> tuple[float, dict[str, np.ndarray]]:
        loss, gradients = compiled(*map(place, parts(batch)))
        variables = model.trainable_variables
        found = (v * 0 if gradient is None else gradient for v, gradient in zip(variables, gradients, strict=True))
        return float(loss), by_path(variables, map(to_numpy, found))

    return first_step


def apply_gradients(model: Any, gradients: list[np.ndarray]) -> None:
    """Let the model's optimizer apply these gradients, one for each trainable variable."""
    model.optimizer.apply([tf.constant(gradient) for gradient in gradients], model.trainable_variables)


def make_step(model: Any) -> Step:
    """Return one step of `keras.Model.fit` on TensorFlow (keras/src/backend/tensorflow/trainer.py, train_step)."""

    def step(data: Any, rows: tf.Tensor) -> tf.Tensor:
        x, y, weights = tree.map_structure(lambda array: None if array is None else tf.gather(array, rows), data)
        with cheaper_gradients():
            loss, y_pred, gradients = _differentiate_loss(model, x, y, weights)
        model._loss_tracker.update_state(loss, sample_weight=tf.shape(rows)[0])
        model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        model.compute_metrics(x, y, y_pred, sample_weight=weights)
        return loss

    return step


def _differentiate_loss(model: Any, x: Any, y: Any, weights: Any) -> tuple[tf.Tensor, Any, list[Any]]:
    """Return a batch's loss, its predictions, and its gradients: for each trainable variable, or None."""
    with tf.GradientTape() as tape:
        loss, y_pred = compute_loss(model, x, y, weights)
    return loss, y_pred, tape.gradient(loss, model.trainable_weights)
