"""TensorFlow's settings, and the device that it computes on."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from multibackend.engine.model import set_precision
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.choices import Precision


def configure(precision: Precision, threads: int) -> dict[str, Any]:
    """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""
    set_precision(precision)
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:  # fixed once TensorFlow has run
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return {"threads": threads, "op_determinism": True, "tensor_float_32": False}


def device() -> str:
    """Name the device that computes: "cpu", or the platform with the card's name."""
    cards = [found for found in tf.config.list_physical_devices() if not found.device_type.endswith("CPU")]
    if not cards:
        return "cpu"
    name = tf.config.experimental.get_device_details(cards[0]).get("device_name", "unnamed")
    return f"{_name_platform(cards[0].device_type, name)} ({name})"


def _name_platform(device_type: str, name: str) -> str:
    """Return a device's platform; TensorFlow calls the cards of every maker "GPU" (seen in 2.21)."""
    built = tf.sysconfig.get_build_info()
    if device_type != "GPU":
        return device_type.lower()
    if name == "METAL":  # tensorflow-metal's name for Apple's
        return "metal"
    return next((platform for platform in ("cuda", "rocm") if built.get(f"is_{platform}_build")), "gpu")


def place(arrays: Any) -> Any:
    """Put arrays on the device."""
    return map_arrays(tf.constant, arrays)
