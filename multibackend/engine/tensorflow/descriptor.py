"""The descriptor of TensorFlow."""

from __future__ import annotations

import os

from multibackend.engine.backend import Backend, Device, Environment, Package


def _list_variables(device: Device, threads: int) -> Environment:
    del device, threads  # the engine sets the threads
    return {
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }


BACKEND = Backend(
    name="tensorflow",
    title="TensorFlow",
    packages=(Package("tensorflow", "tensorflow", ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly")),),
    environment=_list_variables,
    color="#E69F00",
    script_seconds=0.3,
)
