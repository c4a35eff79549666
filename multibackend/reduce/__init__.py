"""Reduce: make a script of at most 30 lines from a model whose training differs on one backend.

A candidate script is made and run on every backend. It is kept while the same backend still fails and the others
agree. `runner.py`, `extraction.py`, `reader.py`, `tracer.py` and `definitions.py` run where Keras is; all else needs
NumPy alone.
"""

from multibackend.reduce.reduction import Reproduction, reduce_experiment

__all__ = ["Reproduction", "reduce_experiment"]
