"""Forward passes on torch: Keras' own calls, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from multibackend.engine.contract import Forward
from multibackend.engine.intercept import call_recorded
from multibackend.engine.state import to_numpy
from multibackend.engine.torch.setup import place


def compile_forward(model: Any) -> Forward:
    """Compile a function that returns every layer's inference output, named and ordered as by `call_recorded`."""

    def forward(inputs: Any) -> dict[str, np.ndarray]:
        with torch.no_grad():
            return {name: to_numpy(value) for name, value in call_recorded(model, place(inputs)).items()}

    return forward
