"""torch's settings, and the device that it computes on."""

from __future__ import annotations

from typing import Any

import torch
from keras.src.backend.torch.core import get_device

from multibackend.engine.model import set_precision
from multibackend.experiments.arrays import map_arrays
from multibackend.experiments.choices import Precision


def configure(precision: Precision, threads: int) -> dict[str, Any]:
    """Set precision, threads, determinism and TF32 off in this process; return the flags in effect."""
    set_precision(precision)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # else every result is written twice
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return {"threads": torch.get_num_threads(), "deterministic_algorithms": True, "allow_tf32": False}


def device() -> str:
    """Name the device that computes: "cpu", or the platform with the card's name."""
    chosen = torch.device(get_device())
    if chosen.type == "cpu":
        return "cpu"
    # torch calls AMD's cards "cuda" too: https://docs.pytorch.org/docs/stable/notes/hip.html
    platform = "rocm" if chosen.type == "cuda" and torch.version.hip else chosen.type
    name_card = getattr(getattr(torch, chosen.type, None), "get_device_name", None)  # Apple's (mps) have no name
    return f"{platform} ({name_card(chosen)})" if name_card else platform


def place(arrays: Any) -> Any:
    """Put arrays on the device."""
    return map_arrays(lambda array: torch.tensor(array, device=get_device()), arrays)
