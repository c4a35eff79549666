"""Normalizations: in training and inference, about zero and far from it, over constant values and with masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

KINDS = ("normal", "offset", "zeros", "tiny", "huge")

NORMALIZED: tuple[tuple[str, dict[str, Any], tuple[int, ...]], ...] = (
    ("BatchNormalization", {}, (8, 3)),
    ("BatchNormalization", {}, (3, 4, 5, 2)),
    ("BatchNormalization", {"axis": 1, "momentum": 0.5, "center": False}, (3, 4, 5)),
    ("BatchNormalization", {"scale": False, "epsilon": 1e-6}, (8, 3)),
    ("BatchNormalization", {"renorm": True}, (8, 3)),
    ("GroupNormalization", {"groups": 2}, (2, 3, 4)),
    ("GroupNormalization", {"groups": -1}, (2, 3, 3, 4)),
    ("GroupNormalization", {"groups": 2, "axis": 1, "scale": False}, (2, 4, 3, 3)),
    ("LayerNormalization", {}, (3, 8)),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 1e-6}, (3, 4, 5)),
    ("LayerNormalization", {"axis": 1, "center": False}, (3, 4, 5)),
    ("RMSNormalization", {}, (3, 8)),
    ("RMSNormalization", {"axis": 1}, (3, 4, 5)),
    ("UnitNormalization", {}, (3, 8)),
    ("UnitNormalization", {"axis": [1, 2]}, (3, 4, 5)),
)
WITH_MODES = ("BatchNormalization",)


def _cases() -> Iterator[Case]:
    for name, config, shape in NORMALIZED:
        for kind in KINDS:
            for training in (True, False) if name in WITH_MODES else (None,):
                call = {} if training is None else {"training": training}
                yield Case(f"layers.{name}", config, (Array(kind, shape),), call)
    for kind in ("normal", "offset"):
        arrays = (Array(kind, (3, 4, 2)),)
        masked: dict[str, Any] = {"mask": Array("mask", (3, 4)), "training": True}
        yield Case("layers.BatchNormalization", {}, arrays, masked)
    dense, conv = Make("layers.Dense", {"units": 3}), Make("layers.Conv2D", {"filters": 3, "kernel_size": 2})
    for training in (True, False):
        call = {"training": training}
        yield Case("layers.SpectralNormalization", {"layer": dense}, (Array("normal", (2, 4)),), call)
        yield Case(
            "layers.SpectralNormalization",
            {"layer": conv, "power_iterations": 3},
            (Array("normal", (2, 5, 5, 2)),),
            call,
        )


CASES = tuple(_cases())
