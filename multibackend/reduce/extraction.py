"""Extraction: describe an experiment's layers, losses and data as JSON values and arrays; runs where Keras is.

The model is called once on a batch of its data, and each layer's call is recorded. So nested models, shared layers and
subclassed models are all read the same way.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.engine.model import check_model
from multibackend.experiments.experiment import Profile
from multibackend.reduce.reader import Reader
from multibackend.reduce.tracer import KEPT_ROWS, Tracer, trace
from multibackend.reduce.transport import encode
from multibackend.train.load import load_experiment


def extract(backend: str, experiment: str, profile: Profile, seed: int, arrays: str) -> dict[str, Any]:
    """Describe an experiment in JSON values, and write the arrays that layers read to the file `arrays`."""
    import keras

    get_engine(backend).configure("float32", 1)
    loaded = load_experiment(experiment)
    plan = loaded.plan_for(profile)
    rows = slice(0, min(KEPT_ROWS, plan.batch_size))
    batch = plan.limit(loaded.load_data()).astype("float32").training.take(rows)
    keras.utils.clear_session()
    with draws.initial_weights(seed):
        model = loaded.build_model()
        check_model(model)
        inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, batch.inputs)
        model(inputs)
    reader = Reader(_own_names(loaded.build_model, model))
    tracer, outputs = trace(model, inputs, reader)
    compiled = model.get_compile_config() or {}
    heads, targets = read_heads(reader, model._compile_loss._user_loss, outputs, batch.targets, tracer)
    save_file({key: np.ascontiguousarray(a) for key, a in (tracer.arrays | targets).items()}, arrays)
    content = {
        "nodes": tracer.nodes,
        "heads": heads,
        "optimizer": encode(reader.read_value(compiled.get("optimizer"))),
        "metrics": [encode(metric) for metric in _flatten(reader.read_value(compiled.get("metrics")))],
        "initializers": [encode(call) for call in reader.initializers],
        "weighted": batch.sample_weights is not None,
    }
    definitions, problems = reader.define()
    return {**content, "definitions": definitions, "problems": problems}


def read_heads(
    reader: Reader, loss: Any, outputs: Any, targets: Any, tracer: Tracer
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Read each output of the model with its loss; return also the arrays of the targets, by name."""
    import keras

    keys = list(outputs) if isinstance(outputs, dict) else range(len(keras.tree.flatten(outputs)))
    heads, arrays = [], {}
    for i, key in enumerate(keys):
        tensor = outputs[key] if isinstance(outputs, dict) else keras.tree.flatten(outputs)[i]
        array = np.asarray(_pick(targets, key, i))
        arrays[f"targets/{i}"] = array[:KEPT_ROWS]
        read = encode(reader.read_loss(_pick(loss, key, i)))
        shape = list(keras.ops.shape(tensor))
        heads.append({"node": tracer.find(tensor), "loss": read, "shape": shape, "targets": f"targets/{i}"})
    return heads, arrays


def _pick(values: Any, key: Any, i: int) -> Any:
    """Pick what belongs to one output: by key from a dictionary, by position from a list."""
    if isinstance(values, dict) and "class_name" not in values:
        return values[key] if key in values else list(values.values())[i]
    return values[i] if isinstance(values, (list, tuple)) else values


def _flatten(metrics: Any) -> list[Any]:
    """List all metrics of all outputs."""
    if isinstance(metrics, dict):
        return [metric for value in metrics.values() for metric in _flatten(value)]
    if isinstance(metrics, list):
        return [metric for value in metrics for metric in _flatten(value)]
    return [] if metrics is None else [metrics]


def _own_names(build: Any, model: Any) -> dict[str, Any]:
    """Collect the names in the file that defines the experiment and in those that define its layers."""
    modules = [inspect.getmodule(build)]
    modules += [sys.modules.get(type(layer).__module__) for layer in model._flatten_layers()]
    names: dict[str, Any] = {}
    for module in modules:
        if module is not None and not module.__name__.startswith("keras."):
            names = {**vars(module), **names}
    return names
