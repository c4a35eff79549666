"""Forward passes on OpenVINO: one graph, whose results are every layer's output.

Keras' tensors on OpenVINO are nodes of a graph, and reading one compiles and runs all that leads to it. So a model is
called once, on parameters of the graph. The first dimension of these is left open, as Keras' own `predict` leaves it:
with fixed shapes, Conv1D, ReLU and MaxPooling1D in a row give wrong numbers (OpenVINO 2026.4.1,
docs/upstream/openvino_fixed_shapes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino
from keras.src.backend.openvino import core
from openvino import opset16 as opset

from multibackend.engine.contract import Forward
from multibackend.engine.intercept import call_recorded, flatten, map_leaves
from multibackend.engine.openvino.setup import DEVICE, place


@dataclass(frozen=True)
class _Graph:
    """A compiled graph, the names of its results, and what it holds for: its inputs' rows and the model's weights."""

    names: list[str]
    run: Any
    rows: list[tuple[tuple[int, ...], str]]
    weights: list[Any]

    def fits(self, model: Any, arrays: list[np.ndarray]) -> bool:
        """Tell if it holds for these inputs and for the weights as they are: assigning one makes a new node."""
        weights = [variable.value for variable in model.variables]
        same = len(weights) == len(self.weights) and all(a is b for a, b in zip(weights, self.weights, strict=True))
        return same and self.rows == _describe_rows(arrays)


def compile_forward(model: Any) -> Forward:
    """Compile a function that returns every layer's inference output, named and ordered as by `call_recorded`."""
    compiled: list[_Graph] = []

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        placed = place(inputs)
        arrays = flatten(placed)
        if not (compiled and compiled[0].fits(model, arrays)):
            compiled[:] = [_compile(model, placed)]
        graph = compiled[0]
        return {name: np.array(value) for name, value in zip(graph.names, graph.run(arrays).to_tuple(), strict=True)}

    return forward


def _compile(model: Any, inputs: Any) -> _Graph:
    parameters: list[Any] = []

    def parametrize(array: np.ndarray) -> Any:
        parameter = opset.parameter([-1, *array.shape[1:]], core.OPENVINO_DTYPES[str(array.dtype)])
        parameters.append(parameter)
        return core.OpenVINOKerasTensor(parameter.output(0))

    outputs = call_recorded(model, map_leaves(parametrize, inputs))
    results = [opset.result(core.get_ov_output(value)) for value in outputs.values()]
    run = openvino.compile_model(openvino.Model(results, parameters), DEVICE)
    weights = [variable.value for variable in model.variables]
    return _Graph(list(outputs), run, _describe_rows(flatten(inputs)), weights)


def _describe_rows(arrays: list[np.ndarray]) -> list[tuple[tuple[int, ...], str]]:
    return [(array.shape[1:], str(array.dtype)) for array in arrays]
