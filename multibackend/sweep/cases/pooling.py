"""Pooling: maxima and averages, local, global and adaptive, where windows hang over the border and values tie."""

from __future__ import annotations

from collections.abc import Iterator

from multibackend.sweep.case import Case, grid
from multibackend.sweep.inputs import Array

SHAPES = {1: (2, 7, 3), 2: (2, 5, 8, 3), 3: (1, 4, 5, 6, 2)}
FORMATS = ("channels_last", "channels_first")


def _cases() -> Iterator[Case]:
    for rank, shape in SHAPES.items():
        for name in (f"MaxPooling{rank}D", f"AveragePooling{rank}D"):
            for config in grid(pool_size=(2, 3), strides=(None, 1, 2), padding=("valid", "same")):
                yield Case(f"layers.{name}", config, (Array("normal", shape),))
            arrays = tuple(Array(kind, shape) for kind in ("ties", "zeros", "offset", "-huge"))
            yield Case(f"layers.{name}", {"pool_size": 2, "padding": "same"}, arrays, each=1)
            for padding in ("valid", "same"):
                config = {"pool_size": 2, "strides": 2, "padding": padding, "data_format": "channels_first"}
                yield Case(f"layers.{name}", config, (Array("normal", shape),))
        for name in (f"GlobalMaxPooling{rank}D", f"GlobalAveragePooling{rank}D"):
            for data_format in FORMATS:
                arrays = tuple(Array(kind, shape) for kind in ("normal", "ties", "offset"))
                yield Case(f"layers.{name}", {"data_format": data_format}, arrays, each=1)
            yield Case(f"layers.{name}", {"keepdims": True}, (Array("normal", shape),))
        for name in (f"AdaptiveMaxPooling{rank}D", f"AdaptiveAveragePooling{rank}D"):
            for size in (1, 2, 3, 4):
                yield Case(f"layers.{name}", {"output_size": size}, (Array("normal", shape),))
            yield Case(f"layers.{name}", {"output_size": 3}, (Array("ties", shape),))
            yield Case(f"layers.{name}", {"output_size": 2, "data_format": "channels_first"}, (Array("normal", shape),))
    for mask in (Array("mask", (2, 7)), Array("values", (2, 7), values=(False,) * 7 + (True,) * 7)):
        yield Case("layers.GlobalAveragePooling1D", {}, (Array("normal", (2, 7, 3)),), {"mask": mask})


CASES = tuple(_cases())
