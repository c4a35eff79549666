"""Reduce: a script of at most 30 lines for a model whose training parts on one backend.

A candidate script is made, run on every backend, and kept while the same backend still fails against the others,
which agree. `runner.py`, `extraction.py`, `reader.py`, `tracer.py` and `definitions.py` run where Keras is; all else
needs NumPy alone.
"""

from multibackend.reduce.reduction import Reproduction, reduce_experiment

__all__ = ["Reproduction", "reduce_experiment"]
