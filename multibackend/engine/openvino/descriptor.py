"""The descriptor of OpenVINO."""

from __future__ import annotations

from multibackend.engine.backend import Backend, Device, Environment, Package


def _list_variables(device: Device, threads: int) -> Environment:
    del device, threads  # the engine sets the threads; Keras' backend for OpenVINO knows no device but the CPU
    return {}


BACKEND = Backend(
    name="openvino",
    title="OpenVINO",
    packages=(Package("openvino", "openvino", ("openvino",)),),
    environment=_list_variables,
    color="#CC79A7",
    script_seconds=0.5,
    # Keras has neither gradients nor training for it, and it computes float64 in float32: `x + 0.0` isn't x
    # (OpenVINO 2026.4.1; INFERENCE_PRECISION_HINT takes bf16, f16 and f32).
    can=frozenset(),
)
