"""Convolutions: padding, strides, dilation, groups, even and odd sizes, channels first and last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, grid
from multibackend.sweep.inputs import Array

SHAPES = {1: (2, 8, 4), 2: (2, 7, 8, 4), 3: (1, 4, 5, 6, 2)}


def _steps(base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield paddings with strides or dilation, on kernels of odd and even size; Keras refuses both at once."""
    for choice in grid(padding=("valid", "same"), kernel_size=(3, 2)):
        for extra in ({}, {"strides": 2}, {"dilation_rate": 2}):
            yield {**base, **choice, **extra}


def _of(name: str, rank: int, config: dict[str, Any], kind: str = "normal") -> Case:
    shape = SHAPES[rank]
    if config.get("data_format") == "channels_first":
        shape = (shape[0], shape[-1], *shape[1:-1])
    return Case(f"layers.{name}", config, (Array(kind, shape),))


def _plain() -> Iterator[Case]:
    for rank in (1, 2):
        for config in _steps({"filters": 4}):
            yield _of(f"Conv{rank}D", rank, config)
        yield _of(f"Conv{rank}D", rank, {"filters": 4, "kernel_size": 3, "groups": 2, "padding": "same"})
        yield _of(f"Conv{rank}D", rank, {"filters": 3, "kernel_size": 3, "use_bias": False, "activation": "relu"})
        yield _of(f"Conv{rank}D", rank, {"filters": 2, "kernel_size": 2, "strides": 3, "padding": "same"})
        for kind in ("offset", "zeros"):
            yield _of(f"Conv{rank}D", rank, {"filters": 3, "kernel_size": 3}, kind)
    for config in grid(filters=(3,), kernel_size=(3, 2), padding=("causal",), dilation_rate=(1, 2)):
        yield _of("Conv1D", 1, config)
    yield _of("Conv1D", 1, {"filters": 3, "kernel_size": 3, "padding": "causal", "strides": 2})
    yield _of("Conv2D", 2, {"filters": 3, "kernel_size": (3, 1), "strides": (1, 2), "padding": "same"})
    for config in grid(filters=(3,), kernel_size=(3, 2), padding=("valid", "same"), strides=(1, 2)):
        yield _of("Conv3D", 3, config)
    yield _of("Conv3D", 3, {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "padding": "same"})
    for rank in (1, 2, 3):
        for padding in ("valid", "same"):
            config = {"filters": 2, "kernel_size": 2, "strides": 2, "padding": padding, "data_format": "channels_first"}
            yield _of(f"Conv{rank}D", rank, config)


def _transposed() -> Iterator[Case]:
    for rank in (1, 2):
        for config in _steps({"filters": 3}):
            yield _of(f"Conv{rank}DTranspose", rank, config)
        for config in grid(
            filters=(3,), kernel_size=(3, 5), strides=(2, 3), padding=("valid", "same"), output_padding=(0, 1)
        ):
            yield _of(f"Conv{rank}DTranspose", rank, config)
    for config in grid(filters=(2,), kernel_size=(2, 3), strides=(1, 2), padding=("valid", "same")):
        yield _of("Conv3DTranspose", 3, config)
    yield _of(
        "Conv3DTranspose", 3, {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1}
    )
    for rank in (1, 2, 3):
        config = {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"}
        yield _of(f"Conv{rank}DTranspose", rank, config)


def _depthwise() -> Iterator[Case]:
    for rank in (1, 2):
        for name, base in (("DepthwiseConv", {}), ("SeparableConv", {"filters": 3})):
            for config in _steps({**base, "depth_multiplier": 2}):
                yield _of(f"{name}{rank}D", rank, config)
            config = {**base, "kernel_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"}
            yield _of(f"{name}{rank}D", rank, config)
    yield _of("DepthwiseConv2D", 2, {"kernel_size": (3, 2), "padding": "same"})
    yield _of("SeparableConv1D", 1, {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2})


CASES = (*_plain(), *_transposed(), *_depthwise())
