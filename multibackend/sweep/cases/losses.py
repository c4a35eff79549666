"""Losses, as classes (reduced, weighted) and as functions, and their gradients with respect to the predictions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array

SHAPE = (5, 4)
LOGITS = Array("normal", SHAPE)
FAR = Array("large", SHAPE)
PROBABILITIES = Array("probabilities", SHAPE)
UNIT = Array("unit", SHAPE)
SATURATED = Array("values", (2, 4), values=(1.0, 0.0, 0.0, 0.0, 1e-8, 1 - 2e-7, 1e-9, 0.0))
ONE_HOT = Array("onehot", SHAPE)
BINARY = Array("binary", SHAPE)
CLASSES = Array("ints", (5,), high=4)
WEIGHTS = Array("unit", (5,))
NORMAL, OFFSET, ZEROS, TIES = (Array(kind, SHAPE) for kind in ("normal", "offset", "zeros", "ties"))
POSITIVE = Array("positive", SHAPE)
FAR_ONE_HOT = Array("onehot", (2, 4))
PAIRS = (
    *(NORMAL, Array("normal", SHAPE)),
    *(POSITIVE, POSITIVE),
    *(ZEROS, ZEROS),
    *(ZEROS, NORMAL),
    *(OFFSET, OFFSET),
    *(TIES, TIES),
    *(NORMAL, Array("huge", SHAPE)),
)
"""Targets and predictions, in turn."""

REGRESSIONS = (
    "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
    "CosineSimilarity", "LogCosh", "Huber", "Poisson", "KLDivergence",
)  # fmt: skip
HINGES = ("Hinge", "SquaredHinge", "CategoricalHinge")
OF_PROBABILITIES = (
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "Dice", "Tversky",
)  # fmt: skip

# class: (its function, what the function is given beside the data)
FUNCTIONS = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "CosineSimilarity": "cosine_similarity",
    "LogCosh": "log_cosh",
    "Huber": "huber",
    "Poisson": "poisson",
    "KLDivergence": "kl_divergence",
    "Hinge": "hinge",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "BinaryCrossentropy": "binary_crossentropy",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "Dice": "dice",
    "Tversky": "tversky",
}


def _regressions() -> Iterator[Case]:
    for name in REGRESSIONS:
        yield Case(f"losses.{name}", {}, PAIRS, each=2)
        yield Case(f"losses.{name}", {}, (POSITIVE, POSITIVE), {"sample_weight": WEIGHTS})
        yield Case(f"losses.{FUNCTIONS[name]}", {}, (POSITIVE, POSITIVE))


def _classifications() -> Iterator[Case]:
    for name in HINGES:
        yield Case(f"losses.{name}", {}, (BINARY, NORMAL, BINARY, TIES, BINARY, ZEROS, BINARY, FAR), each=2)
        yield Case(f"losses.{FUNCTIONS[name]}", {}, (BINARY, NORMAL))
    for name in OF_PROBABILITIES:
        arrays: tuple[Array, ...] = (ONE_HOT, PROBABILITIES, FAR_ONE_HOT, SATURATED, BINARY, UNIT, BINARY, ZEROS)
        yield Case(f"losses.{name}", {}, arrays, each=2)
        yield Case(f"losses.{name}", {}, (ONE_HOT, PROBABILITIES), {"sample_weight": WEIGHTS})
        yield Case(f"losses.{FUNCTIONS[name]}", {}, (ONE_HOT, PROBABILITIES))
    for name in OF_PROBABILITIES[:4]:
        logits = (ONE_HOT, LOGITS, ONE_HOT, FAR, ONE_HOT, Array("-huge", SHAPE))
        yield Case(f"losses.{name}", {"from_logits": True}, logits, each=2)
        yield Case(f"losses.{name}", {"label_smoothing": 0.2}, (ONE_HOT, PROBABILITIES))
        yield Case(f"losses.{name}", {"axis": 0}, (ONE_HOT, PROBABILITIES))


SPARSE: tuple[tuple[dict[str, Any], Array], ...] = (
    ({}, PROBABILITIES),
    ({}, UNIT),
    ({}, Array("values", (5, 4), values=(1.0, 0.0, 0.0, 0.0) * 5)),
    ({"from_logits": True}, LOGITS),
    ({"from_logits": True}, FAR),
    ({"from_logits": True, "ignore_class": 1}, LOGITS),
    ({"ignore_class": 1}, PROBABILITIES),
)

CASES = (
    *_regressions(),
    *_classifications(),
    *(Case("losses.SparseCategoricalCrossentropy", config, (CLASSES, prediction)) for config, prediction in SPARSE),
    Case("losses.SparseCategoricalCrossentropy", {"from_logits": True}, (CLASSES, LOGITS), {"sample_weight": WEIGHTS}),
    Case(
        "losses.SparseCategoricalCrossentropy", {}, (Array("ints", (2, 3), high=4), Array("probabilities", (2, 3, 4)))
    ),
    Case(
        "losses.SparseCategoricalCrossentropy", {"axis": 1}, (Array("ints", (2, 3), high=4), Array("unit", (2, 4, 3)))
    ),
    Case("losses.sparse_categorical_crossentropy", {}, (CLASSES, PROBABILITIES)),
    *(
        Case(f"losses.{name}", {"reduction": reduction}, (ONE_HOT, PROBABILITIES), {"sample_weight": WEIGHTS})
        for name in ("CategoricalCrossentropy", "MeanSquaredError", "Huber")
        for reduction in ("sum", "none", "mean", "mean_with_sample_weight")
    ),
    Case("losses.BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 3.0}, (BINARY, UNIT)),
    Case("losses.CategoricalGeneralizedCrossEntropy", {}, (CLASSES, PROBABILITIES, CLASSES, UNIT), each=2),
    Case("losses.CategoricalGeneralizedCrossEntropy", {"q": 0.9}, (CLASSES, PROBABILITIES), {"sample_weight": WEIGHTS}),
    Case("losses.categorical_generalized_cross_entropy", {"q": 0.5}, (CLASSES, PROBABILITIES)),
    Case("losses.Huber", {"delta": 0.1}, (NORMAL, OFFSET)),
    Case("losses.Dice", {"axis": (1,)}, (BINARY, UNIT)),
    Case("losses.Tversky", {"alpha": 0.3, "beta": 0.8, "axis": (1,)}, (BINARY, UNIT)),
    Case("losses.CosineSimilarity", {"axis": 0}, (NORMAL, POSITIVE)),
    Case("losses.Circle", {}, (Array("ints", (6,), high=3), Array("normal", (6, 4)))),
    Case("losses.Circle", {"gamma": 2.0, "margin": 0.1}, (Array("ints", (6,), high=3), Array("unit", (6, 4)))),
    Case("losses.Circle", {"remove_diagonal": False}, (Array("ints", (6,), high=3), Array("unit", (6, 4)))),
    Case("losses.circle", {}, (Array("ints", (6,), high=3), Array("unit", (6, 4)))),
    *(
        Case(f"losses.{name}", {}, (Array("values", (2, 3), values=(1, 2, 2, 3, 1, 0)), Array(kind, (2, 9, 4))))
        for name in ("CTC", "ctc")
        for kind in ("normal", "zeros")
    ),
)
