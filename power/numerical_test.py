"""Keras' own test of one framework against another, applied to the same trainings, to see what it finds.

Keras' integration_tests/numerical_test.py gives both models the same initial weights. It fits each for one epoch
without shuffling, in float32, with a tenth of the rows for validation. For each key of the two histories (loss,
metrics, and both for the validation rows) it asserts `np.testing.assert_allclose(a, b, atol=1e-3)`, whose relative
tolerance stays 1e-7. Our records hold such an epoch, on the same batches from the same weights. So the first epoch of
each float32 history is compared here, key by key, over all pairs. That script copies initial weights and data from one
model to the other; a fault in these is counted as if it could see it.
Source: keras-team/keras, commit 08523bf1.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from multibackend.compare.ensemble import is_training
from multibackend.records.record import Record

ABSOLUTE = 1e-3
RELATIVE = 1e-7
"""NumPy's default relative tolerance, which the script doesn't change."""


def find_differences(records: Iterable[Record]) -> dict[tuple[str, str], str]:
    """Find the pairs of backends that the test fails on in one experiment's records, with the first key that differs.

    A key that only one side has, or a training that failed, fails too: the script would stop there.
    """
    histories: dict[str, dict[str, np.ndarray]] = {}
    for record in records:
        if record.run.precision == "float32" and is_training(record):
            histories[record.run.backend] = record.group("history")
    return {pair: key for pair in combinations(sorted(histories), 2) if (key := _differ(*(histories[b] for b in pair)))}


def _differ(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> str:
    if set(a) != set(b):
        return ", ".join(sorted(set(a) ^ set(b)))
    if not a:
        return "no history"
    for key in sorted(a):
        if not np.allclose(a[key][:1], b[key][:1], rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True):
            return key
    return ""
