"""OpenVINO's settings, and the device that it computes on."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import openvino
from keras.src.backend.openvino import core

from multibackend.engine.backends import require
from multibackend.engine.model import set_precision
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.choices import Precision

DEVICE = "CPU"
"""The only device of Keras' backend for OpenVINO (3.15.1)."""

_compile_model = openvino.compile_model


def configure(precision: Precision, threads: int) -> dict[str, Any]:
    """Set precision and threads in this process; return the flags in effect.

    Raises:
        Unsupported: float64, which OpenVINO computes in float32.
    """
    if precision == "float64":
        require("openvino", "float64")
    set_precision(precision)
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 on processors that have it
        "EXECUTION_MODE_HINT": "ACCURACY",
        "PERFORMANCE_HINT": "LATENCY",  # one stream
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # workers share the cores
    }
    # Keras compiles its graphs without a way to say how.
    openvino.compile_model = core.compile_model = partial(_compile_with, settings)
    return {"threads": threads, "inference_precision": "f32", "execution_mode": "accuracy"}


def device() -> str:
    """Name the device that computes: "cpu"."""
    return DEVICE.lower()


def place(arrays: Any) -> Any:
    """Make arrays contiguous: OpenVINO reads them where they are."""
    return map_arrays(np.ascontiguousarray, arrays)


def _compile_with(settings: dict[str, Any], model: Any, device_name: str = DEVICE, config: Any = None) -> Any:
    return _compile_model(model, device_name, {**settings, **(config or {})})
