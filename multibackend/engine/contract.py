"""What every engine promises, and what needs nothing but Keras and so is written once.

Forward passes, evaluation and prediction are Keras' own functions: their semantics are Keras' by
definition. Engines differ only in how a step is differentiated and how an epoch is run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from unittest.mock import patch

import numpy as np

from multibackend.errors import MultibackendError, Unsupported
from multibackend.experiments.experiment import Split

EVALUATION_BATCH = 1024
"""Rows in an evaluation batch: the mean over rows doesn't depend on it, the time does."""

SHORT_EPOCH = 0.05
"""Seconds: the results of shorter epochs are read while the next one is computed. Of longer ones they are read, and
told, at once."""


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


# ------------------------------------------------------------------------------------------- model


def set_precision(precision: str) -> None:
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


def parts(split: Split) -> tuple[Any, Any, Any]:
    """A split's inputs, targets and sample weights (or None)."""
    return split.inputs, split.targets, split.sample_weights


def as_data(batch: Split) -> tuple[Any, ...]:
    """A split as Keras' trainers take it: (x, y) or (x, y, sample_weight)."""
    if batch.sample_weights is None:
        return batch.inputs, batch.targets
    return batch.inputs, batch.targets, batch.sample_weights


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
    """What of a model's training the engines don't follow, and Keras' own step does; none for most."""
    import keras

    features = {
        "a train_step of its own": type(model).train_step is not keras.Model.train_step,
        "run_eagerly=True": bool(model.run_eagerly),
        "gradient accumulation": bool(getattr(model.optimizer, "gradient_accumulation_steps", None)),
    }
    return [feature for feature, used in features.items() if used]


# ------------------------------------------------------------------------------------------- state


def all_variables(model: Any) -> list[Any]:
    """Every variable that training changes: weights, seed generators, optimizer slots, metrics."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]


def to_numpy(value: Any) -> np.ndarray:
    """A tensor or variable as a NumPy array of its own."""
    import keras

    tensor = value.value if isinstance(value, keras.Variable) else value
    return np.array(keras.ops.convert_to_numpy(tensor))


def save_state(model: Any) -> list[np.ndarray]:
    """The values of all variables."""
    return [to_numpy(variable) for variable in all_variables(model)]


def restore_state(model: Any, state: list[np.ndarray]) -> None:
    """Give all variables back the values that `save_state` returned."""
    for variable, value in zip(all_variables(model), state, strict=True):
        variable.assign(value)


def named(variables: list[Any]) -> dict[str, np.ndarray]:
    """Each variable's value by its path; a path that several share is numbered."""
    values: dict[str, np.ndarray] = {}
    for variable in variables:
        values[unused(values, variable.path)] = to_numpy(variable)
    return values


def unused(taken: Mapping[str, Any], name: str) -> str:
    """`name`, or `name#2`, `name#3`, ... where it is taken."""
    if name not in taken:
        return name
    return next(f"{name}#{k}" for k in range(2, len(taken) + 3) if f"{name}#{k}" not in taken)


# ------------------------------------------------------------------- forward, evaluate, predict


Call = Callable[[Any, Any], Any]
Handle = Callable[[str, Call, Any, Any], Any]
"""Takes a call of a layer: its name, what calls it with positional and named arguments, and these; returns a result."""


@contextmanager
def intercepted(model: Any, handle: Handle) -> Iterator[None]:
    """While open, each call of a layer inside `model` goes through `handle`, nested ones too.

    Calls are named by the layer's path; a second one of the same path is `path#2`. What runs once a time step, inside
    RNN and TimeDistributed, is left out.
    """
    import keras

    original = keras.layers.Layer.__call__
    layers = {id(layer) for layer in model._flatten_layers(include_self=False)}
    names: dict[str, None] = {}
    looping: list[Any] = []

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        def call(args: Any, kwargs: Any) -> Any:
            loops = isinstance(self, keras.layers.RNN | keras.layers.TimeDistributed)
            looping.extend([self] * loops)
            try:
                return original(self, *args, **kwargs)
            finally:
                del looping[len(looping) - loops :]

        if id(self) not in layers or looping:
            return call(args, kwargs)
        name = unused(names, self.path or self.name)
        names[name] = None
        return handle(name, call, args, kwargs)

    with patch.object(keras.layers.Layer, "__call__", called):
        yield


def call_recorded(model: Any, inputs: Any) -> dict[str, Any]:
    """Call a model on input tensors, in inference mode; each layer's output by its call's name, in order of completion.

    A layer with several outputs has `path.0`, `path.1`; the model's own outputs are `output.0`, `output.1`.
    """
    import keras

    outputs: dict[str, Any] = {}

    def record(name: str, call: Call, args: Any, kwargs: Any) -> Any:
        result = call(args, kwargs)
        values = [v for v in flatten(result) if keras.ops.is_tensor(v)]
        for i, value in enumerate(values):
            outputs[name if len(values) == 1 else f"{name}.{i}"] = value
        return result

    with intercepted(model, record):
        result = model(inputs, training=False)
    for i, value in enumerate(flatten(result)):
        outputs[f"output.{i}"] = value
    return outputs


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same lists, tuples and dictionaries with `function` applied to what they hold, dictionaries by sorted keys.

    `keras.tree` visits a dictionary in another order on torch than on JAX and TensorFlow (seen in Keras 3.15.1).
    """
    if isinstance(structure, Mapping):
        mapped = {key: map_leaves(function, structure[key]) for key in sorted(structure, key=str)}
        return {key: mapped[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        items = [map_leaves(function, item) for item in structure]
        if isinstance(structure, list):
            return items
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    return function(structure)


def flatten(structure: Any) -> list[Any]:
    """What lists, tuples and dictionaries hold, in the order of `map_leaves`."""
    found: list[Any] = []
    map_leaves(found.append, structure)
    return found


def evaluate(model: Any, split: Split) -> dict[str, float]:
    """Loss and metrics over a split's rows, as `keras.Model.evaluate` gives them."""
    result = model.evaluate(
        split.inputs,
        split.targets,
        sample_weight=split.sample_weights,
        batch_size=min(EVALUATION_BATCH, split.rows),
        verbose=0,
        return_dict=True,
    )
    return flat_metrics(result)


def predict(model: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Each output's predictions, keyed "0", "1", ... in the model's order."""
    result = model.predict(inputs, batch_size=EVALUATION_BATCH, verbose=0)
    return {str(i): np.asarray(value) for i, value in enumerate(flatten(result))}


def flat_metrics(logs: Mapping[str, Any]) -> dict[str, float]:
    """Metrics by name, as floats; a metric of several values is split into `name.0`, `name.1`, ..."""
    flat: dict[str, float] = {}
    for name, value in logs.items():
        values = np.asarray(value, dtype=float)
        if values.size == 1:
            flat[name] = float(values.item())
        else:
            flat |= {f"{name}.{i}": float(number) for i, number in enumerate(values.ravel())}
    return flat


# ---------------------------------------------------------------------------------------- training


@dataclass(frozen=True)
class Trajectory:
    """What a training left: each step's loss, and each epoch's logs as `fit` reports them."""

    losses: np.ndarray
    history: dict[str, list[float]]

    @property
    def finite(self) -> bool:
        """Whether every step's loss is a finite number."""
        return bool(np.isfinite(self.losses).all())


def train(
    model: Any,
    epoch: Epoch,
    orders: list[np.ndarray],
    validation: Split | None,
    on_epoch: Callable[[int, float], None] = lambda *_: None,
) -> Trajectory:
    """Train one epoch for each order of rows, as `fit` would on rows so permuted.

    `on_epoch` hears each epoch's number (from 1) and training loss.
    """
    losses: list[np.ndarray] = []
    history: dict[str, list[float]] = {}

    def read(number: int, stepped: Any, metrics: dict[str, Any], validated: dict[str, float]) -> None:
        losses.append(to_numpy(stepped))
        logs = flat_metrics({name: to_numpy(value) for name, value in metrics.items()}) | validated
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        on_epoch(number, logs.get("loss", math.nan))

    unread, most_unread = [], 0
    for number, order in enumerate(orders, start=1):
        start = time.perf_counter()
        results = epoch(order)
        evaluated = {} if validation is None else evaluate(model, validation)
        unread.append((number, *results, {f"val_{name}": value for name, value in evaluated.items()}))
        while len(unread) > most_unread:
            read(*unread.pop(0))
        most_unread = int(time.perf_counter() - start < SHORT_EPOCH)
    for epochs_results in unread:
        read(*epochs_results)
    model.optimizer.finalize_variable_values(model.trainable_weights)
    return Trajectory(np.concatenate(losses), history)
