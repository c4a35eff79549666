"""Modes: whole models, called eagerly and compiled; trainings with a loss; float64 without workarounds."""

from __future__ import annotations

from collections.abc import Iterator

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

IDS = Array("ints", (4, 5), high=4)
SEQUENCE = Array("ties", (4, 5, 3))


def _eager_and_compiled() -> Iterator[Case]:
    embed = Make("layers.Embedding", {"input_dim": 4, "output_dim": 3, "mask_zero": True})
    masking = Make("layers.Masking", {"mask_value": 0.0})
    ends = (
        Make("layers.LSTM", {"units": 2}),
        Make("layers.GRU", {"units": 2, "return_sequences": True}),
        Make("layers.SimpleRNN", {"units": 2, "go_backwards": True}),
        Make("layers.Bidirectional", {"layer": Make("layers.LSTM", {"units": 2})}),
        Make("layers.GlobalAveragePooling1D", {}),
        Make("layers.TimeDistributed", {"layer": Make("layers.Dense", {"units": 2})}),
        Make("layers.BatchNormalization", {}),
    )
    for end in ends:
        yield Case("models.Sequential", {"layers": [embed, end]}, (IDS,), how="modes")
        yield Case("models.Sequential", {"layers": [masking, end]}, (SEQUENCE,), how="modes")
    for layer in (
        Make("layers.Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same", "strides": 2}),
        Make("layers.AveragePooling2D", {"pool_size": 2, "padding": "same"}),
        Make("layers.Resizing", {"height": 5, "width": 4, "interpolation": "bicubic"}),
        Make("layers.LayerNormalization", {}),
    ):
        yield Case("models.Sequential", {"layers": [layer]}, (Array("normal", (2, 7, 8, 3)),), how="modes")


def _trained() -> Iterator[Case]:
    """Yield losses behind the activation that they are meant for, on predictions near and far from certain."""
    for kind in ("normal", "huge"):
        array = Array(kind, (6, 3))
        for activation, loss in (
            ("softmax", "CategoricalCrossentropy"),
            ("softmax", "SparseCategoricalCrossentropy"),
            ("sigmoid", "BinaryCrossentropy"),
            ("sigmoid", "BinaryFocalCrossentropy"),
            ("softmax", "CategoricalFocalCrossentropy"),
        ):
            call = {
                "activation": activation,
                "loss": Make(f"losses.{loss}", {}),
                "optimizer": Make("optimizers.SGD", {}),
            }
            yield Case("layers.Dense", {"units": 3}, (array,), call, how="train")


def _without_workarounds() -> Iterator[Case]:
    """Yield float64 cases that run without workarounds."""
    yield Case("layers.Dense", {"units": 4}, (Array("normal", (3, 5)),), workarounds=False)
    yield Case("layers.Conv2D", {"filters": 3, "kernel_size": 3}, (Array("normal", (2, 5, 5, 2)),), workarounds=False)
    yield Case("layers.LSTM", {"units": 3}, (Array("normal", (3, 5, 2)),), workarounds=False)
    yield Case("layers.BatchNormalization", {}, (Array("normal", (8, 3)),), {"training": True}, workarounds=False)
    yield Case(
        "layers.MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        (Array("normal", (2, 4, 6)),) * 2,
        workarounds=False,
    )
    for name in ("MeanSquaredError", "CategoricalCrossentropy", "Huber"):
        yield Case(f"losses.{name}", {}, (Array("onehot", (5, 4)), Array("probabilities", (5, 4))), workarounds=False)
    for name in ("SGD", "Adam", "RMSprop"):
        arrays = tuple(Array("normal", shape) for shape in ((4, 3), (5,)))
        yield Case(f"optimizers.{name}", {}, arrays, how="optimizer", workarounds=False)
    for name in ("add", "multiply", "divide", "maximum", "mean", "matmul", "sqrt", "power"):
        arrays = (Array("positive", (4, 4)),) * (1 if name in ("mean", "sqrt") else 2)
        yield Case(f"ops.{name}", {}, arrays, workarounds=False)


CASES = (*_eager_and_compiled(), *_trained(), *_without_workarounds())
