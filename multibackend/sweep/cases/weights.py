"""Weights: initializers (with NumPy's numbers, and with Keras' own), constraints, regularizers."""

from __future__ import annotations

from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

RANDOM: tuple[tuple[str, dict[str, Any]], ...] = (
    *((f"{name}{kind}", {}) for name in ("Glorot", "He", "Lecun") for kind in ("Normal", "Uniform")),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5}),
    ("RandomUniform", {"minval": -1.0, "maxval": 2.0}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 0.5}),
    ("Orthogonal", {"gain": 2.0}),
    *(
        ("VarianceScaling", {"scale": 2.0, "mode": mode, "distribution": distribution})
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ),
)
SHAPES: tuple[tuple[int, ...], ...] = ((5, 7), (3, 3, 2, 4))

FIXED: tuple[tuple[str, dict[str, Any], tuple[int, ...]], ...] = (
    ("Constant", {"value": 0.1}, (2, 3)),
    ("Constant", {"value": -3}, (2, 3)),
    ("Identity", {"gain": 0.3}, (3, 5)),
    ("Ones", {}, (2, 3)),
    ("Zeros", {}, (2, 3)),
    ("STFT", {"side": "real"}, (8, 1, 5)),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}, (8, 1, 5)),
)

CONSTRAINTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("MaxNorm", {"max_value": 1.5, "axis": 0}),
    ("MaxNorm", {"max_value": 2, "axis": [0, 1]}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.7, "axis": 0}),
    ("NonNeg", {}),
    ("UnitNorm", {"axis": 0}),
    ("UnitNorm", {"axis": [0, 1]}),
)
REGULARIZERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("L1", {"l1": 0.1}),
    ("L2", {"l2": 0.1}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "rows"}),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
)

CASES = (
    *(
        Case(f"initializers.{name}", {**config, "seed": 7}, call={"shape": shape}, how="forward", drawn=drawn)
        for name, config in RANDOM
        for shape in SHAPES
        for drawn in (True, False)
    ),
    *(
        Case(f"initializers.{name}", config, call={"shape": shape}, how="forward", drawn=False)
        for name, config, shape in FIXED
    ),
    *(
        Case(
            f"constraints.{name}",
            config,
            tuple(Array(kind, (4, 5)) for kind in ("normal", "zeros", "ties", "tiny", "huge")),
            each=1,
        )
        for name, config in CONSTRAINTS
    ),
    *(
        Case(
            f"regularizers.{name}",
            config,
            tuple(Array(kind, (4, 5)) for kind in ("normal", "zeros", "ties", "huge")),
            each=1,
        )
        for name, config in REGULARIZERS
    ),
    *(
        Case(
            "layers.Dense",
            {
                "units": 4,
                "kernel_constraint": Make("constraints.MaxNorm", {"max_value": 0.5}),
                f"{part}_regularizer": "l2",
            },
            (Array("normal", (3, 5)),),
        )
        for part in ("kernel", "bias", "activity")
    ),
)
