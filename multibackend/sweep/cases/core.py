"""Layers that multiply, merge, reshape, look up, drop out or activate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

KINDS = ("normal", "offset", "zeros", "huge")


def of(
    name: str, shape: tuple[int, ...], kind: str = "normal", /, call: dict[str, Any] | None = None, **config: Any
) -> Case:
    """Make the case of a layer on one input."""
    return Case(f"layers.{name}", config, (Array(kind, shape),), call or {})


def _products() -> Iterator[Case]:
    for kind in KINDS:
        yield of("Dense", (3, 5), kind, units=4)
    yield of("Dense", (2, 3, 5), units=4, use_bias=False, activation="relu")
    yield of("Dense", (2, 2, 3, 5), units=4, activation="tanh")
    yield of("Dense", (3, 5), units=4, lora_rank=2)
    for equation, shape, output, bias in (
        ("ab,bc->ac", (3, 4), 5, None),
        ("abc,cde->abde", (2, 3, 4), (None, 2, 3), "de"),
        ("...x,xy->...y", (2, 3, 4), (3, 5), "y"),
        ("abc,bcd->abd", (2, 3, 4), (3, 5), "d"),
        ("abcd,cde->abe", (2, 3, 4, 5), (3, 4), "e"),
    ):
        yield of("EinsumDense", shape, equation=equation, output_shape=output, bias_axes=bias)
    ids = Array("ints", (3, 4), high=6)
    for config in ({}, {"mask_zero": True}, {"lora_rank": 2}, {"embeddings_regularizer": "l2"}):
        yield Case("layers.Embedding", {"input_dim": 6, "output_dim": 3, **config}, (ids,))
    yield Case(
        "layers.Embedding",
        {"input_dim": 6, "output_dim": 3},
        (Array("values", (2, 3), values=(5, 5, 0, 5, 0, 0), dtype="int32"),),
    )
    options: tuple[dict[str, Any], ...] = ({}, {"tie_weights": False}, {"logit_soft_cap": 2.0})
    for option in options:
        made = {"input_dim": 6, "output_dim": 3, **option}
        yield Case("layers.ReversibleEmbedding", made, (ids,))
        yield Case("layers.ReversibleEmbedding", made, (Array("normal", (2, 4, 3)),), {"reverse": True})


def _merges() -> Iterator[Case]:
    for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Concatenate"):
        for kind in ("normal", "ties"):
            yield Case(f"layers.{name}", {}, (Array(kind, (2, 3)),) * 3, listed=True)
        yield Case(f"layers.{name.lower()}", {}, (Array("normal", (2, 3)),) * 2, listed=True)
    for name in ("Add", "Average", "Maximum", "Minimum", "Multiply"):
        yield Case(f"layers.{name}", {}, (Array("normal", (2, 4, 3)), Array("normal", (2, 1, 3))), listed=True)
    yield Case("layers.Subtract", {}, (Array("offset", (2, 3)),) * 2, listed=True)
    yield Case("layers.subtract", {}, (Array("normal", (2, 3)),) * 2, listed=True)
    yield Case("layers.Concatenate", {"axis": 1}, (Array("normal", (2, 3, 2)), Array("normal", (2, 1, 2))), listed=True)
    for kind in ("normal", "zeros"):
        for axes in (1, (1, 1), (2, 1)):
            for normalize in (False, True):
                shapes = ((2, 3, 4), (2, 4, 5)) if axes == (2, 1) else ((2, 3, 4), (2, 3, 5))
                arrays = tuple(Array(kind, shape) for shape in shapes)
                yield Case("layers.Dot", {"axes": axes, "normalize": normalize}, arrays, listed=True)
    yield Case("layers.dot", {"axes": 1}, (Array("normal", (2, 3)),) * 2, listed=True)


def _shapes() -> Iterator[Case]:
    image, volume = (2, 5, 6, 3), (2, 4, 5, 6, 2)
    yield of("Flatten", image)
    yield of("Flatten", image, data_format="channels_first")
    yield of("Identity", image)
    yield of("Permute", image, dims=(3, 1, 2))
    yield of("RepeatVector", (2, 3), n=4)
    yield of("Reshape", image, target_shape=(-1, 9))
    yield of("Cropping1D", (2, 6, 3), cropping=(1, 2))
    yield of("ZeroPadding1D", (2, 6, 3), padding=(1, 2))
    yield of("ZeroPadding1D", (2, 6, 3), padding=2, data_format="channels_first")
    yield of("UpSampling1D", (2, 6, 3), size=3)
    for data_format in ("channels_last", "channels_first"):
        yield of("Cropping2D", image, cropping=((1, 2), (0, 1)), data_format=data_format)
        yield of("ZeroPadding2D", image, padding=((1, 2), (0, 1)), data_format=data_format)
        yield of("Cropping3D", volume, cropping=((1, 1), (0, 1), (1, 0)), data_format=data_format)
        yield of("ZeroPadding3D", volume, padding=((1, 1), (0, 1), (1, 0)), data_format=data_format)
        yield of("UpSampling3D", volume, size=(1, 2, 2), data_format=data_format)
        for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
            yield of("UpSampling2D", image, size=(2, 3), interpolation=interpolation, data_format=data_format)
    yield Case("layers.Lambda", {"function": Make("ops.square")}, (Array("normal", (2, 3)),))


def _random() -> Iterator[Case]:
    for training in (True, False):
        call = {"training": training}
        yield of("Dropout", (4, 6), call=call, rate=0.4, seed=3)
        yield of("Dropout", (4, 6, 3), call=call, rate=0.4, seed=3, noise_shape=(4, 1, 3))
        yield of("AlphaDropout", (4, 6), call=call, rate=0.4, seed=3)
        yield of("AlphaDropout", (4, 6, 3), call=call, rate=0.4, seed=3, noise_shape=(4, 1, 3))
        yield of("GaussianDropout", (4, 6), call=call, rate=0.4, seed=3)
        yield of("GaussianNoise", (4, 6), call=call, stddev=0.4, seed=3)
        yield of("SpatialDropout1D", (4, 6, 3), call=call, rate=0.4, seed=3)
        for data_format in ("channels_last", "channels_first"):
            config = {"rate": 0.4, "seed": 3, "data_format": data_format}
            yield of("SpatialDropout2D", (2, 3, 4, 5), call=call, **config)
            yield of("SpatialDropout3D", (2, 2, 3, 4, 5), call=call, **config)
    for name in ("Dropout", "GaussianDropout", "AlphaDropout"):
        config = {"rate": 0.4, "seed": 3}
        yield Case(f"layers.{name}", config, (Array("normal", (4, 6)),), {"training": True}, how="forward", drawn=False)


def _activations() -> Iterator[Case]:
    arrays = tuple(Array(kind, (3, 4)) for kind in ("normal", "ties", "huge", "-huge"))
    for name, config in (
        ("ELU", {"alpha": 0.7}),
        ("LeakyReLU", {"negative_slope": 0.1}),
        ("PReLU", {}),
        ("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.5}),
        ("Softmax", {}),
        ("Activation", {"activation": "gelu"}),
    ):
        yield Case(f"layers.{name}", config, arrays, each=1)
    yield of("PReLU", (2, 3, 4, 5), shared_axes=[1, 2])
    yield of("Softmax", (3, 4, 5), axis=[1, 2])
    yield Case("layers.Softmax", {}, (Array("normal", (3, 4)),), {"mask": Array("mask", (3, 4))})
    yield Case("layers.Softmax", {}, (Array("normal", (2, 3)),), {"mask": Array("values", (2, 3), values=(False,) * 6)})
    yield of("ActivityRegularization", (3, 4), l1=0.1, l2=0.2)
    yield of("Masking", (2, 3, 4), "ties", mask_value=0.0)
    yield of("TimeDistributed", (2, 3, 4), layer=Make("layers.Dense", {"units": 2}))
    yield of("TimeDistributed", (2, 3, 6, 4), layer=Make("layers.Conv1D", {"filters": 2, "kernel_size": 3}))
    yield Case(
        "layers.TimeDistributed",
        {"layer": Make("layers.Dense", {"units": 2})},
        (Array("normal", (2, 3, 4)),),
        {"mask": Array("mask", (2, 3))},
    )


CASES = (*_products(), *_merges(), *_shapes(), *_random(), *_activations())
