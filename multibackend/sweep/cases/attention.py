"""Attention: scores, masks, causality, groups, and rows in which everything is masked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array

QUERY, VALUE, KEY = Array("normal", (2, 4, 6)), Array("normal", (2, 5, 6)), Array("normal", (2, 5, 6))
MASKS = {"query_mask": Array("mask", (2, 4)), "value_mask": Array("mask", (2, 5))}
ATTENTION_MASK = {"attention_mask": Array("mask", (2, 4, 5))}
NOTHING = {"attention_mask": Array("values", (2, 4, 5), values=(False,) * 20 + (True,) * 20)}


def _simple() -> Iterator[Case]:
    for name, config in (
        ("Attention", {}),
        ("Attention", {"use_scale": True}),
        ("Attention", {"score_mode": "concat"}),
        ("AdditiveAttention", {}),
        ("AdditiveAttention", {"use_scale": False}),
    ):
        target = f"layers.{name}"
        yield Case(target, config, (QUERY, VALUE), listed=True)
        yield Case(target, config, (QUERY, VALUE, KEY), {"return_attention_scores": True}, listed=True)
        yield Case(target, config, (QUERY, VALUE), {"use_causal_mask": True}, listed=True)
        for kind in ("offset", "zeros", "huge"):
            yield Case(target, config, (Array(kind, (2, 4, 6)), Array(kind, (2, 5, 6))), listed=True)
    for name in ("Attention", "AdditiveAttention"):
        options: dict[str, Any] = {"dropout": 0.4, **({"seed": 3} if name == "Attention" else {})}
        yield Case(f"layers.{name}", options, (QUERY, VALUE), {"training": True}, listed=True)


def _multi_head() -> Iterator[Case]:
    target, base = "layers.MultiHeadAttention", {"num_heads": 2, "key_dim": 3}
    for config in (
        {}, {"value_dim": 4}, {"use_bias": False}, {"output_shape": 5}, {"attention_axes": (1,)}, {"use_gate": True},
    ):  # fmt: skip
        yield Case(target, {**base, **config}, (QUERY, VALUE))
    for call in ({"use_causal_mask": True}, MASKS, ATTENTION_MASK, NOTHING, {"return_attention_scores": True}):
        yield Case(target, base, (QUERY, VALUE), call)
    yield Case(target, {**base, "sliding_window": 2}, (QUERY, QUERY), {"use_causal_mask": True})
    yield Case(target, {**base, "dropout": 0.4, "seed": 3}, (QUERY, VALUE), {"training": True})
    for kind in ("offset", "huge"):
        yield Case(target, base, (Array(kind, (2, 4, 6)), Array(kind, (2, 5, 6))))
    grouped = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
    for config in ({}, {"use_bias": False}, {"use_gate": True}):
        yield Case("layers.GroupQueryAttention", {**grouped, **config}, (QUERY, VALUE))
    for call in ({"use_causal_mask": True}, MASKS, ATTENTION_MASK, NOTHING, {"return_attention_scores": True}):
        yield Case("layers.GroupQueryAttention", grouped, (QUERY, VALUE), call)
    yield Case("layers.GroupQueryAttention", {**grouped, "dropout": 0.4, "seed": 3}, (QUERY, VALUE), {"training": True})


CASES = (*_simple(), *_multi_head())
