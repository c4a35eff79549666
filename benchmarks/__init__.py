"""Do I lose speed by writing once? Each backend's engine against Keras' `fit` and against a loop written by hand.

`python -m benchmarks engines` measures, `python -m benchmarks report` writes RESULTS.md. Run them from the
repository's root: this package is not installed.
"""

WORKLOADS = ("B9", "B12", "C7", "D3", "E4-standardised", "deep", "gru", "transformer")
"""The names of the workloads, in the order of every table, for what needs no Keras; `workloads.py` holds them."""

SMALL = ("C7", "E4-standardised", "deep")
"""Those that take no longer by hand with one thread than with two, on any backend: they are measured with one."""
