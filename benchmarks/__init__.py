"""Measure whether writing a model once costs speed: each backend's engine against `fit` and a loop written by hand.

`python -m benchmarks engines` measures, `python -m benchmarks report` writes RESULTS.md. Run them from the
repository's root: this package is not installed.
"""

WORKLOADS = ("B9", "B12", "C7", "D3", "E4-standardised", "deep", "gru", "transformer")
"""The names of the workloads, in the order of every table. `workloads.py` holds the workloads, and needs Keras."""

SMALL = ("C7", "E4-standardised", "deep")
"""The workloads that are measured with one thread: by hand, two threads make them no faster on any backend."""
