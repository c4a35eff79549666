"""Optimizers: several steps on given gradients, and on those of a small model in which a token occurs twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

NAMES = (
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam",
    "RMSprop", "ScheduleFreeAdamW",
)  # fmt: skip

COMMON: tuple[dict[str, Any], ...] = (
    {"weight_decay": 0.05},
    {"clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 2},
)
"""The settings that every optimizer understands."""

OWN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.8}),
    ("Adafactor", {"relative_step": False}),
    ("Adafactor", {"clip_threshold": 0.1}),
    ("Adagrad", {"initial_accumulator_value": 0.0}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("AdamW", {"amsgrad": True, "weight_decay": 0.1}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1, "beta": 0.5, "learning_rate_power": -0.7}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.7}),
    ("Muon", {"nesterov": False, "ns_steps": 3}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("RMSprop", {"rho": 0.5}),
    ("ScheduleFreeAdamW", {"warmup_steps": 3}),
)

SCHEDULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 3, "warmup_target": 0.1, "warmup_steps": 2}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 2}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.7}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.7, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.7}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 3], "values": [0.1, 0.05, 0.01]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "cycle": True}),
)


def _given(name: str, config: dict[str, Any], kind: str = "normal") -> Case:
    """Make gradients of a kind for a matrix, a vector and a scalar."""
    return Case(
        f"optimizers.{name}", config, tuple(Array(kind, shape) for shape in ((4, 3), (5,), ())), how="optimizer"
    )


def _cases() -> Iterator[Case]:
    for name in NAMES:
        for kind in ("normal", "ties", "zeros", "tiny", "huge"):
            yield _given(name, {}, kind)
        for config in COMMON:
            yield _given(name, config)
        yield Case(
            "layers.Embedding",
            {"input_dim": 3, "output_dim": 2},
            (Array("ints", (4, 3), high=3),),
            {"optimizer": Make(f"optimizers.{name}", {"learning_rate": 0.1})},
            how="train",
        )
    for name, config in OWN:
        yield _given(name, config)
    for name, config in SCHEDULES:
        yield _given("SGD", {"learning_rate": Make(f"optimizers.schedules.{name}", config)})
    yield _given("Adam", {"learning_rate": Make("optimizers.schedules.ExponentialDecay", SCHEDULES[3][1])})
    yield _given(
        "LossScaleOptimizer",
        {"inner_optimizer": Make("optimizers.Adam", {}), "initial_scale": 4.0, "dynamic_growth_steps": 2},
    )
    yield _given(
        "MultiOptimizer",
        {"optimizer_map": Make("optimizers.OptimizerMap", {"default_optimizer": Make("optimizers.Adam", {})})},
    )


CASES = tuple(_cases())
