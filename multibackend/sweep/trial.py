"""Trials: one run of a case, what goes into it and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from multibackend.engine.state import to_numpy
from multibackend.sweep.case import Case


@dataclass(frozen=True)
class Trial:
    """One run of a case on the backend of this process: its inputs' values, moved by rounding in repetition 1."""

    case: Case
    backend: str
    arrays: list[np.ndarray]
    repetition: int


@dataclass
class Result:
    """A case's arrays by name, and the dtype that each had on its backend (NumPy has no bfloat16)."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:
        """Keep a tensor, variable or NumPy array."""
        dtype = keras.backend.standardize_dtype(value.dtype) if hasattr(value, "dtype") else type(value).__name__
        array = np.asarray(value) if isinstance(value, np.ndarray | float | int) else to_numpy(value)
        if array.dtype.kind == "c":
            array = np.stack([array.real, array.imag])
        if array.dtype.kind not in "biuf":
            array = array.astype(np.float32)
        self.arrays[name] = array
        self.dtypes[name] = dtype
