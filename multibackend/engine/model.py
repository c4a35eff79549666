"""A model: how it is built, what of it can't be trained, and its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multibackend.errors import MultibackendError, Unsupported
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.choices import Precision
from multibackend.experiments.experiment import Split


def set_precision(precision: Precision) -> None:
    """Make `precision` Keras' dtype for numbers, variables and new layers."""
    import keras

    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)  # made once from floatx and kept by Keras otherwise


def build_model(build: Callable[[], Any], batch: Split) -> Any:
    """Build a model, its metrics and its optimizer's slots for batches like `batch`.

    Raises:
        MultibackendError: what `build` returns isn't a compiled Keras model, or its call fails on the batch.
        Unsupported: it uses what the engines don't follow.
    """
    import keras

    keras.utils.clear_session()  # names of layers start anew, so that paths are equal everywhere
    model = build()
    check_model(model)
    refuse_unsupported(model)
    try:
        model._symbolic_build(data_batch=as_data(batch))
    except MultibackendError:
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise MultibackendError(
            f"model {model.name!r}: its call, loss or metrics fail on a batch of the data "
            f"({type(error).__name__}: {' '.join(lines)[:400]}). Fix build_model or load_data."
        ) from error
    return model


def check_model(model: Any) -> None:
    """Make sure that this is a compiled Keras model.

    Raises:
        MultibackendError: it isn't.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise MultibackendError(f"build_model returned {type(model).__name__}; expected a compiled keras.Model.")
    if not model.compiled or model.optimizer is None or model._compile_loss is None:
        raise MultibackendError(
            f"model {model.name!r} is not compiled with an optimizer and a loss; call "
            "model.compile(optimizer=..., loss=...) in build_model."
        )


def refuse_unsupported(model: Any) -> None:
    """Refuse, by name, what can't be trained in one precision on one device.

    Raises:
        Unsupported: one line that names the feature and what to do.
    """
    import keras

    refused = {
        "a LossScaleOptimizer (mixed precision)": isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer),
        "a distribution": keras.distribution.distribution() is not None,
        "float16 or bfloat16 layers": any(
            getattr(layer, "compute_dtype", None) in ("float16", "bfloat16") for layer in model._flatten_layers()
        ),
    }
    for feature, used in refused.items():
        if used:
            raise Unsupported(
                f"model {model.name!r} uses {feature}, which isn't supported: a training is in float32 or float64, on "
                "one device. Compile it without."
            )


def why_through_fit(model: Any) -> list[str]:
    """List what of a model's training the engines don't follow, and Keras' own step does; most models have nothing."""
    import keras

    features = {
        "a train_step of its own": type(model).train_step is not keras.Model.train_step,
        "run_eagerly=True": bool(model.run_eagerly),
        "gradient accumulation": bool(getattr(model.optimizer, "gradient_accumulation_steps", None)),
    }
    return [feature for feature, used in features.items() if used]


# -------------------------------------------------------------------------------------- batch and loss


def parts(split: Split) -> tuple[Any, Any, Any]:
    """Return a split's inputs, targets and sample weights (or None)."""
    return split.inputs, split.targets, split.sample_weights


def as_data(batch: Split) -> tuple[Any, ...]:
    """Return a split as Keras' trainers take it: (x, y) or (x, y, sample_weight)."""
    if batch.sample_weights is None:
        return batch.inputs, batch.targets
    return batch.inputs, batch.targets, batch.sample_weights


def as_tensors(batch: Split) -> tuple[Any, Any, Any]:
    """Return a split's inputs, targets and sample weights (or None) as the framework's tensors."""
    import keras

    x, y, weights = (map_arrays(keras.ops.convert_to_tensor, part) for part in parts(batch))
    return x, y, weights


def compute_loss(model: Any, x: Any, y: Any, weights: Any) -> tuple[Any, Any]:
    """Call a model on a batch of tensors as in training; return its compiled loss and its predictions."""
    y_pred = model(x, training=True) if model._call_has_training_arg else model(x)
    return model._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True), y_pred
