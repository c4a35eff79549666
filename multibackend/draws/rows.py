"""Random rows for a model: they fit its inputs, its outputs and its loss, and are the same on every backend.

| input's dtype | drawn |
|---|---|
| floating | standard normal |
| integer | below `input_dim` of the Embedding it feeds; else the smallest in the model; else 256 (uint8) or 2 |
| bool | false or true |

| loss | target, for an output of shape (rows, ..., n) |
|---|---|
| sparse categorical | a class below n, (rows, ...) |
| categorical | one of n is 1 |
| binary, hinge | 0 or 1 |
| Poisson, logarithmic, percentage | uniform in [0.5, 1.5): positive, and not near zero |
| any other | standard normal |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from multibackend.draws.order import make_generator
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Dataset, Split

DATA_SEED, DATA_STREAM = 0, 4
"""The one seed of all trainings: other initial weights are trained on the same rows."""

FREE_SIZE = 32
"""The size of a dimension that the model leaves open (None), such as a sequence's length or an image's width."""

TEST_ROWS = 32

CLASSES = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
ONE_HOT = (
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "kl_divergence",
    "dice",
    "tversky",
)
BINARY = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")
POSITIVE = ("poisson", "mean_squared_logarithmic_error", "mean_absolute_percentage_error")


def draw_dataset(model: Any, batch_size: int) -> Dataset:
    """Draw four batches and a partial one to train on, and rows to test on.

    Raises:
        MultibackendError: the model has no known input shape, or an input of strings.
    """
    rows = 4 * batch_size + max(1, 3 * batch_size // 8)
    training, test = (
        _draw_split(model, count, make_generator(DATA_SEED, DATA_STREAM, i))
        for i, count in enumerate((rows, TEST_ROWS))
    )
    origin = f"random rows (seed {DATA_SEED}) drawn for the model's inputs and loss"
    return Dataset(training, test, origin=origin)


def _draw_split(model: Any, rows: int, generator: np.random.Generator) -> Split:
    import keras

    x = _map(lambda _, tensor: _draw_input(model, tensor, rows, generator), _symbolic_inputs(model))
    specs = _map(lambda _, array: keras.KerasTensor(array.shape, str(array.dtype)), x)
    outputs = keras.src.backend.compute_output_spec(model, specs, training=False)
    losses = _losses(model, outputs)
    return Split(x, _map(lambda key, output: _draw_target(losses[key], tuple(output.shape), generator), outputs))


def _map(function: Callable[[Any, Any], Any], structure: Any) -> Any:
    """Apply `function` to each key and value, in the order of the keys; return the same structure of the results.

    `keras.tree.map_structure` has another order on torch (seen in 3.15.1).
    """
    if isinstance(structure, Mapping):
        values = {key: function(key, structure[key]) for key in sorted(structure)}
        return {key: values[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return [function(i, value) for i, value in enumerate(structure)]
    return function(0, structure)


def _symbolic_inputs(model: Any) -> Any:
    """Return the model's inputs as they were made: a symbolic tensor, or a list or dictionary of them."""
    import keras

    functional = getattr(model, "_functional", None) or model  # of a Sequential model, once it knows its shapes
    if not isinstance(functional, keras.src.models.functional.Functional):
        raise MultibackendError(
            f"model {model.name!r} has no known input shape to draw random data for; add load_data() to its file, or "
            "build it from keras.Input."
        )
    inputs = functional.input
    if any(isinstance(part, (Mapping, list, tuple)) for part in _list_parts(inputs)):
        raise MultibackendError(f"model {model.name!r} has nested inputs; add load_data() to its file.")
    return inputs


def _draw_input(model: Any, tensor: Any, rows: int, generator: np.random.Generator) -> np.ndarray:
    shape = (rows, *(size or FREE_SIZE for size in tensor.shape[1:]))
    kind = "float" if "float" in tensor.dtype else tensor.dtype
    if kind == "float":
        return generator.standard_normal(shape)
    if kind == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if kind == "string":
        raise MultibackendError(f"model {model.name!r}: input {tensor.name!r} is of strings; add load_data().")
    fed = list(_embeddings(model, tensor)) or list(_embeddings(model, None))
    below = min(fed, default=256 if kind == "uint8" else 2)
    return generator.integers(0, below, shape).astype(kind)


def _embeddings(model: Any, tensor: Any) -> Iterator[int]:
    """Yield the number of tokens of each Embedding that an input feeds, or of each in the model if `tensor` is None."""
    import keras

    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Embedding):
            fed = (t for node in layer._inbound_nodes for t in node.input_tensors)
            if tensor is None or any(t is tensor for t in fed):
                yield layer.input_dim


def _list_parts(structure: Any) -> list[Any]:
    if isinstance(structure, Mapping):
        return list(structure.values())
    return list(structure) if isinstance(structure, (list, tuple)) else [structure]


def _losses(model: Any, outputs: Any) -> dict[Any, Any]:
    """Return each output's loss by the output's key or number; None for an output without."""
    given = model._compile_loss._user_loss
    keys = list(outputs) if isinstance(outputs, Mapping) else list(range(len(_list_parts(outputs))))
    if isinstance(given, Mapping):
        names = keys if isinstance(outputs, Mapping) else model.output_names
        return {key: given.get(name) for key, name in zip(keys, names, strict=True)}
    if isinstance(given, (list, tuple)):
        # Keras takes the outputs of a dictionary by their sorted keys; of an output's several losses the first decides.
        ordered = sorted(keys)
        return dict(zip(ordered, given if len(given) == len(keys) else [given[0]] * len(keys), strict=True))
    return dict.fromkeys(keys, given)


def _draw_target(loss: Any, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    name = _name(loss)
    if name in CLASSES:
        return generator.integers(0, shape[-1], shape[:-1])
    if name in ONE_HOT:
        return np.eye(shape[-1])[generator.integers(0, shape[-1], shape[:-1])]
    if name in BINARY:
        return generator.integers(0, 2, shape).astype("float64")
    if name in POSITIVE:
        return generator.uniform(0.5, 1.5, shape)
    return generator.standard_normal(shape)


def _name(loss: Any) -> str:
    """Return the name of a loss's function in Keras, whichever way the loss was given; or the loss's own name."""
    import keras

    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    function = getattr(loss, "fn", loss)
    return str(getattr(function, "__name__", type(function).__name__))
