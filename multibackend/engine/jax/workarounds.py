"""Workarounds on JAX."""

from __future__ import annotations

from multibackend.engine.workarounds import FLOAT64_STAYS_FLOAT64

WORKAROUNDS = (FLOAT64_STAYS_FLOAT64,)
