"""Metrics: the classes over two batches, weighted or not, with their state; the functions on one."""

from __future__ import annotations

from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.cases.losses import FUNCTIONS
from multibackend.sweep.inputs import Array

SHAPE = (6, 4)
ONE_HOT, PROBABILITIES, BINARY, UNIT, NORMAL, POSITIVE, TIES, ZEROS, OFFSET = (
    Array(kind, SHAPE)
    for kind in ("onehot", "probabilities", "binary", "unit", "normal", "positive", "ties", "zeros", "offset")
)
CLASSES = Array("ints", (6,), high=4)
LABELS = Array("ints", SHAPE, high=4)
WEIGHTS = Array("unit", (6,))
STEPS = Array("values", (6, 4), values=tuple(k % 5 / 4 for k in range(24)))
"""Predictions that lie on thresholds."""

BINARY_RANKS = {"AUC", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"}

CONFIGURED: tuple[tuple[str, dict[str, Any], Array, Array], ...] = (
    ("Accuracy", {}, LABELS, Array("ints", SHAPE, high=4, dtype="int32")),
    ("AUC", {}, BINARY, UNIT),
    ("AUC", {}, BINARY, STEPS),
    ("AUC", {"curve": "PR"}, BINARY, UNIT),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, BINARY, UNIT),
    ("AUC", {"summation_method": "minoring", "num_thresholds": 5}, BINARY, STEPS),
    ("AUC", {"from_logits": True}, BINARY, NORMAL),
    ("AUC", {"multi_label": True, "num_labels": 4}, BINARY, UNIT),
    ("BinaryAccuracy", {}, BINARY, UNIT),
    ("BinaryAccuracy", {"threshold": 0.25}, BINARY, STEPS),
    ("BinaryCrossentropy", {}, BINARY, UNIT),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BINARY, NORMAL),
    ("BinaryIoU", {"target_class_ids": (1,), "threshold": 0.3}, BINARY, UNIT),
    ("CategoricalAccuracy", {}, ONE_HOT, PROBABILITIES),
    ("CategoricalAccuracy", {}, ONE_HOT, TIES),
    ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, NORMAL),
    ("CategoricalHinge", {}, ONE_HOT, NORMAL),
    ("ConcordanceCorrelation", {}, NORMAL, POSITIVE),
    ("ConcordanceCorrelation", {}, OFFSET, OFFSET),
    ("ConcordanceCorrelation", {}, ZEROS, ZEROS),
    ("CosineSimilarity", {}, NORMAL, POSITIVE),
    ("CosineSimilarity", {}, ZEROS, NORMAL),
    ("F1Score", {}, ONE_HOT, PROBABILITIES),
    ("F1Score", {"average": "macro", "threshold": 0.25}, BINARY, STEPS),
    ("F1Score", {"average": "weighted"}, ONE_HOT, TIES),
    ("FBetaScore", {"beta": 2.0, "average": "micro"}, ONE_HOT, PROBABILITIES),
    ("FalseNegatives", {"thresholds": [0.25, 0.5]}, BINARY, STEPS),
    ("FalsePositives", {"thresholds": [0.25, 0.5]}, BINARY, STEPS),
    ("TrueNegatives", {"thresholds": [0.25, 0.5]}, BINARY, STEPS),
    ("TruePositives", {"thresholds": [0.25, 0.5]}, BINARY, STEPS),
    ("Hinge", {}, BINARY, NORMAL),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, LABELS, LABELS),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2], "ignore_class": 1}, LABELS, LABELS),
    ("MeanIoU", {"num_classes": 4}, LABELS, Array("ints", SHAPE, high=4)),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 3]}, ONE_HOT, PROBABILITIES),
    ("OneHotMeanIoU", {"num_classes": 4}, ONE_HOT, TIES),
    ("KLDivergence", {}, PROBABILITIES, UNIT),
    ("LogCoshError", {}, NORMAL, POSITIVE),
    ("Mean", {}, NORMAL, NORMAL),
    ("MeanAbsoluteError", {}, NORMAL, POSITIVE),
    ("MeanAbsolutePercentageError", {}, POSITIVE, NORMAL),
    ("MeanSquaredError", {}, NORMAL, POSITIVE),
    ("MeanSquaredError", {}, OFFSET, OFFSET),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, POSITIVE),
    ("PearsonCorrelation", {}, NORMAL, POSITIVE),
    ("PearsonCorrelation", {}, OFFSET, OFFSET),
    ("PearsonCorrelation", {}, ZEROS, ZEROS),
    ("Poisson", {}, POSITIVE, POSITIVE),
    ("Precision", {}, BINARY, UNIT),
    ("Precision", {"top_k": 2}, BINARY, TIES),
    ("Precision", {"top_k": 2, "class_id": 1}, BINARY, UNIT),
    ("Precision", {"thresholds": [0.25, 0.75]}, BINARY, STEPS),
    ("Recall", {}, BINARY, UNIT),
    ("Recall", {"top_k": 2}, BINARY, TIES),
    ("PrecisionAtRecall", {"recall": 0.5}, BINARY, UNIT),
    ("RecallAtPrecision", {"precision": 0.5}, BINARY, UNIT),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, BINARY, UNIT),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}, BINARY, UNIT),
    ("R2Score", {}, NORMAL, POSITIVE),
    ("R2Score", {}, OFFSET, OFFSET),
    ("R2Score", {}, ZEROS, ZEROS),
    ("R2Score", {"class_aggregation": None, "num_regressors": 1}, NORMAL, POSITIVE),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, NORMAL, POSITIVE),
    ("RootMeanSquaredError", {}, NORMAL, POSITIVE),
    ("SparseCategoricalAccuracy", {}, CLASSES, PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, CLASSES, TIES),
    ("SparseCategoricalCrossentropy", {}, CLASSES, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 1}, CLASSES, NORMAL),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, CLASSES, PROBABILITIES),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, CLASSES, TIES),
    ("SquaredHinge", {}, BINARY, NORMAL),
    ("Sum", {}, NORMAL, NORMAL),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, PROBABILITIES),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, TIES),
    ("MeanMetricWrapper", {"fn": Make("metrics.mean_squared_error")}, NORMAL, POSITIVE),
)

ONE_ARRAY = ("Mean", "Sum")
NOT_WEIGHTED = ("ConcordanceCorrelation", "PearsonCorrelation", "BinaryIoU", "IoU", "MeanIoU")

ACCURACIES: tuple[tuple[str, dict[str, Any], Array, Array], ...] = (
    ("binary_accuracy", {}, BINARY, STEPS),
    ("categorical_accuracy", {}, ONE_HOT, TIES),
    ("sparse_categorical_accuracy", {}, CLASSES, TIES),
    ("sparse_top_k_categorical_accuracy", {"k": 2}, CLASSES, TIES),
    ("sparse_top_k_categorical_accuracy", {"k": 2}, CLASSES, PROBABILITIES),
    ("top_k_categorical_accuracy", {"k": 2}, ONE_HOT, TIES),
    ("concordance_correlation", {}, NORMAL, POSITIVE),
    ("pearson_correlation", {}, NORMAL, POSITIVE),
    ("sparse_categorical_crossentropy", {}, CLASSES, PROBABILITIES),
    ("huber", {"delta": 0.5}, NORMAL, POSITIVE),
)


def _make(name: str, config: dict[str, Any], truth: Array, prediction: Array, weighted: bool) -> Case:
    call = {"sample_weight": WEIGHTS} if weighted else {}
    inputs = (truth,) if name in ONE_ARRAY else (truth, prediction)
    return Case(f"metrics.{name}", config, inputs, call, how="metric")


CASES = (
    *(_make(*row, weighted=False) for row in CONFIGURED),
    *(_make(*row, weighted=True) for row in CONFIGURED if row[0] not in NOT_WEIGHTED),
    *(Case(f"metrics.{name}", config, (truth, p), how="forward") for name, config, truth, p in ACCURACIES),
    *(
        Case(f"metrics.{name}", {}, (ONE_HOT, PROBABILITIES), how="forward")
        for cls, name in FUNCTIONS.items()
        if cls not in ("Dice", "Tversky", "CosineSimilarity", "Huber")
    ),
)
