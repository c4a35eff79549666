"""Forward passes on JAX: one compiled function of the variables' values and the inputs."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from keras import StatelessScope

from multibackend.engine.contract import Forward
from multibackend.engine.intercept import call_recorded
from multibackend.engine.jax.setup import place
from multibackend.engine.state import to_numpy


def compile_forward(model: Any) -> Forward:
    """Compile a function that returns every layer's inference output, named and ordered as by `call_recorded`."""
    names: list[str] = []

    def outputs(values: Any, inputs: Any) -> list[jax.Array]:
        with StatelessScope(state_mapping=list(zip(model.variables, values, strict=True))):
            recorded = call_recorded(model, inputs)
        names[:] = recorded
        return list(recorded.values())

    compiled = jax.jit(outputs)

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        arrays = compiled([variable.value for variable in model.variables], place(inputs))
        return {name: to_numpy(array) for name, array in zip(names, arrays, strict=True)}

    return forward
