"""JAX's settings, and the device that it computes on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from multibackend.engine.model import set_precision
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.choices import Precision


def configure(precision: Precision, threads: int) -> dict[str, Any]:
    """Set precision and TF32 off; threads and determinism are environment variables of the process."""
    set_precision(precision)
    jax.config.update("jax_enable_x64", precision == "float64")
    jax.config.update("jax_default_matmul_precision", "highest")  # no TF32 on CUDA
    return {"threads": threads, "jax_enable_x64": precision == "float64", "jax_default_matmul_precision": "highest"}


def device() -> str:
    """Name the device that computes: "cpu", or the platform with the card's name."""
    first = jax.devices()[0]
    platform = _name_platform(first)
    return platform if platform == "cpu" else f"{platform} ({first.device_kind})"


def _name_platform(first: Any) -> str:
    """Return a device's platform; JAX calls NVIDIA's and AMD's cards both "gpu" (seen in 0.10.2).

    Source: jax/_src/test_util.py, is_device_cuda and is_device_rocm.
    """
    platform = str(first.platform).lower()
    if platform != "gpu":
        return platform
    version = first.client.platform_version
    return next((name for name in ("cuda", "rocm") if name in version), platform)


def place(arrays: Any) -> Any:
    """Put arrays on the device."""
    return map_arrays(jnp.asarray, arrays)
