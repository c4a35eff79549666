"""E0. The environment: what runs here, in which version, and where it computes.

Keras 3 is a surface over one of several frameworks, its backend, chosen before Keras is imported. Numbers that someone
else is to find again need all of this beside them.
"""

import importlib
import platform

import keras


def read_versions(names: list[str]) -> dict[str, str]:
    """Each library's version, under the name by which it is imported."""
    return {name: str(importlib.import_module(name).__version__) for name in names}


def find_device() -> str:
    """The device of a new tensor, "gpu" or "cpu"; each backend words it in its own way."""
    device = str(keras.ops.zeros(1).device).lower()
    return "gpu" if "gpu" in device or "cuda" in device else "cpu"


def describe_environment() -> dict[str, str]:
    """Python's and Keras' version, the backend with its own, and the device."""
    backend = keras.config.backend()
    return {
        "python": platform.python_version(),
        "keras": keras.version(),
        "backend": backend,
        "backend_version": read_versions([backend])[backend],
        "device": find_device(),
    }
