"""The descriptor of JAX."""

from __future__ import annotations

import os

from multibackend.engine.backend import Backend, Device, Environment, Package
from multibackend.paths import cache_folder

QUICK_COMPILING = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
"""XLA's flags for programs that run once, most of whose time is compiling: they halve it.

Single functions are as exact with them (2e-16 in float64). Whole trainings are not: one with attention differed by
1e-7.
"""

COMPILED_FOLDER = "jax"


def _list_variables(device: Device, threads: int) -> Environment:
    flags = "--xla_gpu_deterministic_ops=true" if device != "cpu" else ""
    variables = {
        "NPROC": str(threads),  # XLA's name for it; --xla_cpu_multi_thread_eigen=false leaves two threads
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip(),
        # Compiled functions are kept on disk: they load in 0.3 to 0.4 s, and compile in 1.1 to 2.5 s.
        "JAX_COMPILATION_CACHE_DIR": str(cache_folder() / COMPILED_FOLDER),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    return {**variables, "JAX_PLATFORMS": device} if device != "auto" else variables


def _compile_quickly(environment: Environment) -> Environment:
    """Compile with few optimizations, and keep nothing on disk: thousands of programs, each of which runs once."""
    kept = {k: v for k, v in environment.items() if "COMPILATION_CACHE" not in k and "PERSISTENT_CACHE" not in k}
    return {**kept, "XLA_FLAGS": f"{environment.get('XLA_FLAGS', '')} {QUICK_COMPILING}".strip()}


BACKEND = Backend(
    name="jax",
    title="JAX",
    packages=(Package("jax", "jax", ("jax",)), Package("jaxlib", "jaxlib", ("jaxlib",))),
    environment=_list_variables,
    color="#0072B2",
    script_seconds=0.5,
    run_once=_compile_quickly,
    compiles_each_program=True,
    # A submission's process compiles JAX's operations again; reading all of them from the disk halves a check's time.
    checking={"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"},
    compiled_folder=COMPILED_FOLDER,
)
