"""Faults of the loss, the metrics and the gradients."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from power.planting import Site, after_call, find_layer, in_code, in_model, meanwhile

# ---------------------------------------------------------------------------------------------- loss and metrics


@in_code
def loss_summed(site: Site) -> None:
    from keras.src.losses import loss

    def total(_: Any) -> Any:
        return lambda values, *_, **__: ops.sum(values)

    site.replace(loss, "reduce_values", total)


@in_model
def huber_delta(model: keras.Model) -> None:
    loss = model._compile_loss._user_loss
    call = loss.fn
    meanwhile(loss, "call", fn=lambda y_true, y_pred, **_: call(y_true, y_pred, delta=1.0))


@in_model
def sample_weights_ignored(model: keras.Model) -> None:
    compute = model._compute_loss

    def unweighted(x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        del sample_weight
        return compute(x=x, y=y, y_pred=y_pred, training=training)

    model._compute_loss = unweighted


@in_model
def regularizer_dropped(model: keras.Model) -> None:
    find_layer(model, "hidden").kernel.regularizer = None


@in_code
def accuracy_inverted(site: Site) -> None:
    from keras.src.metrics import accuracy_metrics

    def inverted(accuracy: Any) -> Any:
        return lambda y_true, y_pred: 1 - accuracy(y_true, y_pred)

    site.replace(accuracy_metrics, "sparse_categorical_accuracy", inverted)


@in_code
def activity_regularizer_by_batch(site: Site) -> None:
    def scaled(call: Any) -> Any:
        return lambda self, x: call(self, x) * ops.cast(ops.shape(x)[0], x.dtype)

    site.replace(keras.regularizers.L2, "__call__", scaled)


@in_model
def loss_weights_ignored(model: keras.Model) -> None:
    loss = model._compile_loss
    build = loss.build

    def build_unweighted(y_true: Any, y_pred: Any) -> None:
        build(y_true, y_pred)
        loss._flat_losses[:] = [flat._replace(loss_weights=None) for flat in loss._flat_losses]

    loss.build = build_unweighted


@in_code
def metric_of_first_rows(site: Site) -> None:
    from keras.src.metrics import regression_metrics

    def shortened(error: Any) -> Any:
        return lambda y_true, y_pred: error(y_true[:12], y_pred[:12])

    site.replace(regression_metrics, "mean_absolute_error", shortened)


# -------------------------------------------------------------------------------------------------- gradients


@in_model
def batch_normalization_mean_detached(model: keras.Model) -> None:
    norm = find_layer(model, "norm")
    moments = norm._moments

    def detached(inputs: Any, mask: Any) -> Any:
        mean, variance = moments(inputs, mask)
        return ops.stop_gradient(mean), variance

    norm._moments = detached


def scale_gradients(model: keras.Model, factor: float) -> None:
    compute = model._compute_loss

    def scaled(*args: Any, **kwargs: Any) -> Any:
        loss = compute(*args, **kwargs)
        return factor * loss - ops.stop_gradient((factor - 1) * loss)

    model._compute_loss = scaled


@in_model
def gradients_doubled(model: keras.Model) -> None:
    scale_gradients(model, 2.0)


@in_model
def gradients_halved(model: keras.Model) -> None:
    scale_gradients(model, 0.5)


@in_model
def variable_frozen(model: keras.Model) -> None:
    layer = find_layer(model, "middle")
    layer.call = lambda x, **_: layer.activation(ops.matmul(x, ops.stop_gradient(layer.kernel.value)) + layer.bias)


@in_model
def gradient_of_activation(model: keras.Model) -> None:
    after_call(find_layer(model, "middle"), lambda x: 1.1 * x - ops.stop_gradient(0.1 * x))


@in_model
def gradient_of_inputs_dropped(model: keras.Model) -> None:
    two = find_layer(model, "two")
    call = two.call
    two.call = lambda inputs, training=None: call(0.5 * inputs + ops.stop_gradient(0.5 * inputs), training=training)


@in_model
def time_truncated(model: keras.Model) -> None:
    cell = find_layer(model, "lstm").cell
    call = cell.call
    cell.call = lambda inputs, states, training=False: call(
        inputs, [ops.stop_gradient(state) for state in states], training=training
    )


@in_model
def repeated_words_lost(model: keras.Model) -> None:
    words = find_layer(model, "words")
    call = words.call

    def last_only(inputs: Any, **_: Any) -> Any:
        found = call(inputs)
        flat = ops.reshape(inputs, (-1,))
        position = ops.arange(ops.shape(flat)[0])
        again = ops.any((flat[:, None] == flat[None, :]) & (position[None, :] > position[:, None]), axis=1)
        again = ops.reshape(again, ops.shape(inputs))[..., None]
        return ops.where(again, ops.stop_gradient(found), found)

    words.call = last_only


@in_model
def shared_gradient_once(model: keras.Model) -> None:
    shared, calls = find_layer(model, "shared"), [0]
    call = shared.call

    def detached(inputs: Any, **_: Any) -> Any:
        calls[0] += 1
        if calls[0] % 2:
            return call(inputs)
        kernel, bias = (ops.stop_gradient(variable.value) for variable in (shared.kernel, shared.bias))
        return shared.activation(ops.matmul(inputs, kernel) + bias)

    shared.call = detached


@in_model
def bias_added_twice(model: keras.Model) -> None:
    block = model.blocks[0]
    block.call = lambda inputs, **_: block.activation(ops.matmul(inputs, block.kernel) + block.bias + block.bias)
