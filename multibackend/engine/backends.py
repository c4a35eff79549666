"""The backends: each folder of `engine/` that holds a `descriptor.py` is one.

Importing this module imports no framework and no Keras.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from multibackend.engine.backend import CAPABILITY_WORDS, Backend, Capability, Device
from multibackend.errors import MultibackendError, Unsupported

if TYPE_CHECKING:
    from multibackend.engine.contract import Engine, TrainingEngine

_FOLDERS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/descriptor.py"))

DESCRIPTORS: Mapping[str, Backend] = MappingProxyType(
    {name: importlib.import_module(f"multibackend.engine.{name}.descriptor").BACKEND for name in _FOLDERS}
)
"""Every backend by its name, in the order in which every table lists them."""

BACKENDS: tuple[str, ...] = tuple(name for name, backend in DESCRIPTORS.items() if backend.trains)
"""The backends that train: those compared unless others are asked for."""


def get_backend(name: str) -> Backend:
    """Return the descriptor of a backend.

    Raises:
        MultibackendError: no backend of that name.
    """
    if name not in DESCRIPTORS:
        raise MultibackendError(f"backend {name!r}: unknown; expected one of {', '.join(DESCRIPTORS)}.")
    return DESCRIPTORS[name]


def require(name: str, capability: Capability) -> Backend:
    """Return the descriptor of a backend that can do what is asked of it.

    Raises:
        MultibackendError: no backend of that name.
        Unsupported: it can't do that.
    """
    backend = get_backend(name)
    if capability not in backend.can:
        able = [other for other, descriptor in DESCRIPTORS.items() if capability in descriptor.can]
        raise Unsupported(
            f"backend {name!r}: can't {CAPABILITY_WORDS[capability]}, for Keras doesn't on {backend.title}; use one of "
            f"{', '.join(able)}."
        )
    return backend


def get_engine(name: str) -> Engine:
    """Import the engine of a backend, and its framework with it.

    Raises:
        MultibackendError: no backend of that name.
    """
    return cast("Engine", importlib.import_module(f"multibackend.engine.{get_backend(name).name}.engine"))


def get_training_engine(name: str) -> TrainingEngine:
    """Import the engine of a backend that computes gradients and trains, and its framework with it.

    Raises:
        MultibackendError: no backend of that name.
        Unsupported: the backend can't train.
    """
    require(name, "gradients")
    require(name, "training")
    return cast("TrainingEngine", get_engine(name))


def environment_variables(name: str, device: Device, threads: int) -> dict[str, str]:
    """Return the environment variables that a worker's process needs before it imports its framework.

    Threads: each framework sizes its pools when it is imported. Workers share the cores, and one
    thread each is faster then (measured: 0.56 s against 0.91 s an epoch with busy neighbours).
    """
    count = str(threads)
    variables = {
        "KERAS_BACKEND": name,
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "PYTHONUNBUFFERED": "1",
        # glibc's: an arena for each thread holds back freed memory. With one, training takes no longer (CPU time
        # of B9, C7 and D3, start and end included: JAX 0.98 of without, TensorFlow 1.00, torch 0.91).
        "MALLOC_ARENA_MAX": "1",
    }
    if device == "cpu":
        variables["CUDA_VISIBLE_DEVICES"] = "-1"
    return {**variables, **get_backend(name).environment(device, threads)}


def environment_for_one_run(name: str, device: Device, threads: int) -> dict[str, str]:
    """Return the whole environment of a process whose programs each run once."""
    environment = {**os.environ, **environment_variables(name, device, threads)}
    return dict(get_backend(name).run_once(environment))
