"""Recurrent layers: sequences, states, directions, masks, unrolled or not, and their cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

SEQUENCE = Array("normal", (3, 5, 2))
MASK = Array(
    "values", (3, 5), values=(True,) * 5 + (True, True, False, True, False) + (True, False, False, False, False)
)
NONE_LEFT = Array("values", (3, 5), values=(True,) * 10 + (False,) * 5)
LEFT = Array("values", (3, 5), values=(False, False, True, True, True) * 3)

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"return_sequences": True},
    {"return_sequences": True, "return_state": True},
    {"go_backwards": True, "return_sequences": True},
    {"unroll": True, "return_sequences": True},
    {"use_bias": False},
)


def _cases() -> Iterator[Case]:
    for name in ("SimpleRNN", "GRU", "LSTM"):
        target, base = f"layers.{name}", {"units": 3}
        for config in OPTIONS:
            yield Case(target, {**base, **config}, (SEQUENCE,))
        for kind in ("offset", "zeros"):
            yield Case(target, base, (Array(kind, (3, 5, 2)),))
        for mask in (MASK, NONE_LEFT, LEFT):
            for config in ({"return_sequences": True, "return_state": True}, {"go_backwards": True}, {"unroll": True}):
                yield Case(target, {**base, **config}, (SEQUENCE,), {"mask": mask})
        yield Case(
            target, {**base, "dropout": 0.3, "recurrent_dropout": 0.2, "seed": 3}, (SEQUENCE,), {"training": True}
        )
        yield Case(target, {**base, "activation": "relu"}, (SEQUENCE,))
        yield Case(target, {**base, "stateful": True}, (SEQUENCE,))
        cell = Make(f"layers.{name}Cell", {"units": 3})
        yield Case(
            f"layers.{name}Cell",
            base,
            (Array("normal", (3, 2)),),
            {"states": (Array("normal", (3, 3)),) * (2 if name == "LSTM" else 1)},
        )
        for config in ({}, {"return_sequences": True, "zero_output_for_mask": True}):
            yield Case("layers.RNN", {"cell": cell, **config}, (SEQUENCE,), {"mask": MASK})
        layer = Make(target, {"units": 3, "return_sequences": True})
        for mode in ("concat", "sum", "mul", "ave", None):
            yield Case("layers.Bidirectional", {"layer": layer, "merge_mode": mode}, (SEQUENCE,))
        yield Case("layers.Bidirectional", {"layer": layer}, (SEQUENCE,), {"mask": MASK})
        yield Case("layers.Bidirectional", {"layer": Make(target, {"units": 3})}, (SEQUENCE,), {"mask": LEFT})
    yield Case("layers.GRU", {"units": 3, "reset_after": False}, (SEQUENCE,))
    yield Case("layers.LSTM", {"units": 3, "unit_forget_bias": False}, (SEQUENCE,))
    cells = [Make("layers.LSTMCell", {"units": 3}), Make("layers.GRUCell", {"units": 2})]
    yield Case("layers.RNN", {"cell": Make("layers.StackedRNNCells", {"cells": cells})}, (SEQUENCE,))
    for rank, shape in ((1, (2, 3, 6, 2)), (2, (2, 3, 4, 5, 2)), (3, (1, 2, 3, 4, 4, 1))):
        for config in ({"padding": "same"}, {"padding": "valid", "strides": 2, "return_sequences": True}):
            made = {"filters": 2, "kernel_size": 2, **config}
            yield Case(f"layers.ConvLSTM{rank}D", made, (Array("normal", shape),))
    yield Case(
        "layers.ConvLSTM1D",
        {"filters": 2, "kernel_size": 2, "return_sequences": True, "padding": "same"},
        (Array("normal", (3, 5, 6, 2)),),
        {"mask": MASK},
    )


CASES = tuple(_cases())
