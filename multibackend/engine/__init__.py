"""The seam: the only place that imports JAX, TensorFlow or torch.

`jax.py`, `tensorflow.py` and `torch.py` hold the same functions with the same signatures;
`contract.py` says what they promise and holds what needs nothing but Keras. Engines take NumPy, and return it (but for
an epoch, whose results may still be computed).
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Literal, cast

from multibackend.errors import MultibackendError
from multibackend.paths import cache_folder

if TYPE_CHECKING:
    from multibackend.engine.contract import Engine

Device = Literal["auto", "cpu", "cuda"]


def get_engine(backend: str) -> Engine:
    """The engine of a backend; imports its framework.

    Raises:
        MultibackendError: no backend of that name.
    """
    match backend:
        case "jax" | "tensorflow" | "torch":
            return cast("Engine", importlib.import_module(f"multibackend.engine.{backend}.engine"))
        case _:
            raise MultibackendError(f"backend {backend!r}: unknown; expected jax, tensorflow or torch.")


def environment_variables(backend: str, device: Device, threads: int) -> dict[str, str]:
    """What a worker's process must have in its environment before its framework is imported.

    Threads: each framework sizes its pools when it is imported. Workers share the cores, and one
    thread each is faster then (measured: 0.56 s against 0.91 s an epoch with busy neighbours).
    """
    count = str(threads)
    variables = {
        "KERAS_BACKEND": backend,
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
    match backend:
        case "jax":
            flags = "--xla_gpu_deterministic_ops=true" if device != "cpu" else ""
            variables["NPROC"] = count  # XLA's name for it; --xla_cpu_multi_thread_eigen=false leaves two threads
            variables["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
            if device != "auto":
                variables["JAX_PLATFORMS"] = device
            # Compiled functions are kept on disk: 1.1 to 2.5 s of compiling become 0.3 to 0.4 s.
            variables["JAX_COMPILATION_CACHE_DIR"] = str(cache_folder() / "jax")
            variables["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"
            variables["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"
        case "tensorflow":
            variables["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2")
            variables["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        case "torch":
            variables["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # torch's own condition for determinism on CUDA
    return variables
