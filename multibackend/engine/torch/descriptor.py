"""The descriptor of PyTorch."""

from __future__ import annotations

from multibackend.engine.backend import Backend, Device, Environment, Package


def _list_variables(device: Device, threads: int) -> Environment:
    del device, threads  # the engine sets the threads
    return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}  # torch's own condition for determinism on CUDA


BACKEND = Backend(
    name="torch",
    title="PyTorch",
    packages=(Package("torch", "torch", ("torch",)),),
    environment=_list_variables,
    color="#009E73",
    script_seconds=0.1,
)
