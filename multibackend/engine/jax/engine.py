"""The JAX engine: the functions that `contract.py` promises, each from the module that holds it."""

from multibackend.engine.jax.epoch import compile_epoch
from multibackend.engine.jax.forward import compile_forward
from multibackend.engine.jax.gradients import differentiate
from multibackend.engine.jax.setup import configure, device
from multibackend.engine.jax.step import apply_gradients, compile_first_step, training_mode

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
