"""Activations: each on numbers around zero, at zero and at the kinks, and far from zero on either side."""

from __future__ import annotations

from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array

SHAPE = (4, 6)
KINDS = ("normal", "ties", "zeros", "tiny", "large", "-large", "huge", "-huge", "offset")
KINKS = Array("values", (12,), values=(-6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0, -7.0))
INFINITE = Array("values", (3,), values=(float("inf"), float("-inf"), 0.0))

PLAIN = (
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign",
    "sparse_plus", "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
)  # fmt: skip
ALONG_AN_AXIS = ("log_softmax", "softmax", "sparsemax", "glu")

CONFIGURED: tuple[tuple[str, dict[str, object]], ...] = (
    ("celu", {"alpha": 0.5}),
    ("elu", {"alpha": 2.0}),
    ("gelu", {"approximate": True}),
    ("hard_shrink", {"threshold": 1.0}),
    ("leaky_relu", {"negative_slope": 0.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 1.0, "threshold": 0.5}),
    ("relu", {"max_value": 1.0}),
    ("soft_shrink", {"threshold": 1.0}),
    ("squareplus", {"b": 0.5}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
    ("threshold", {"threshold": 0.0, "default_value": 0.0}),
    ("glu", {"axis": 0}),
    ("log_softmax", {"axis": 0}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": [0, 1]}),
    ("sparsemax", {"axis": 0}),
)

AROUND = tuple(Array(kind, SHAPE) for kind in KINDS)

CASES = (
    *(Case(f"activations.{name}", {}, (*AROUND, KINKS, INFINITE), each=1) for name in PLAIN),
    *(Case(f"activations.{name}", {}, (*AROUND, KINKS), each=1) for name in ALONG_AN_AXIS),
    *(Case(f"activations.{name}", config, (AROUND[0], AROUND[1]), each=1) for name, config in CONFIGURED),
)
