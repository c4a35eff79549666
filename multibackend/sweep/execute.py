"""Execution: one case on the backend of this process, to arrays by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from multibackend.sweep.case import Case
from multibackend.sweep.runners import RUNNERS
from multibackend.sweep.subject import draw_inputs
from multibackend.sweep.trial import Result, Trial


def execute(case: Case, backend: str, precision: str, repetition: int) -> Result:
    """Run a case; repetition 1 moves the inputs that may be moved by one unit in the last place.

    Raises:
        Exception: whatever Keras or the framework raises.
    """
    keras.utils.clear_session(free_memory=False)
    with _use_floatx(case.floatx):
        trial = Trial(case, backend, draw_inputs(case, precision, repetition), repetition)
        return RUNNERS[case.how](trial)


@contextmanager
def _use_floatx(name: str) -> Iterator[None]:
    """Make a dtype Keras' default in the context; "" leaves it as it is."""
    before, policy = keras.config.floatx(), keras.config.dtype_policy()
    if name:
        keras.config.set_floatx(name)
        keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)
