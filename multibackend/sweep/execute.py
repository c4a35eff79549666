"""Execution: one case on the backend of this process, to arrays by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from multibackend.sweep.case import Case
from multibackend.sweep.runners import RUNNERS, Result
from multibackend.sweep.subject import draw_inputs, move_input


def execute(case: Case, backend: str, precision: str, repetition: int) -> Result:
    """Run a case; `repetition` 1 is with what may be moved moved by one unit in the last place.

    Raises:
        Exception: whatever Keras or the framework raises.
    """
    keras.utils.clear_session(free_memory=False)
    with _floatx(case.floatx):
        arrays = [move_input(a, case, i, repetition) for i, a in enumerate(draw_inputs(case, precision))]
        return RUNNERS[case.how](case, backend, arrays, repetition)


@contextmanager
def _floatx(name: str) -> Iterator[None]:
    before, policy = keras.config.floatx(), keras.config.dtype_policy()
    if name:
        keras.config.set_floatx(name)
        keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)
