"""The torch engine: the functions that `contract.py` promises, each from the module that holds it."""

from multibackend.engine.torch.epoch import compile_epoch
from multibackend.engine.torch.forward import compile_forward
from multibackend.engine.torch.gradients import differentiate
from multibackend.engine.torch.setup import configure, device
from multibackend.engine.torch.step import apply_gradients, compile_first_step, training_mode

__all__ = [
    "apply_gradients",
    "compile_epoch",
    "compile_first_step",
    "compile_forward",
    "configure",
    "device",
    "differentiate",
    "training_mode",
]
