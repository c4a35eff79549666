"""The OpenVINO engine: the functions that `contract.py` promises of a backend that doesn't train."""

from multibackend.engine.openvino.forward import compile_forward
from multibackend.engine.openvino.setup import configure, device

__all__ = ["compile_forward", "configure", "device"]
