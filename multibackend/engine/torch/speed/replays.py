"""Replays: what runs a step on torch, by the number of rows in its batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from keras.config import floatx
from keras.src.backend.torch.core import get_device

from multibackend.engine.payback import unchanged
from multibackend.engine.state import all_variables, restore_state, save_state, to_numpy
from multibackend.engine.torch.speed.capture import Captured, Replay, Uncapturable, capture
from multibackend.engine.torch.speed.compiler import choose_replay

CHECKED_STEPS = 3
"""Steps that a capture must repeat to the bit before it is used: the second reads what the first wrote."""

ROUNDING = 1e4
"""The most that a compiler may change in as many steps: units of rounding error, by norm. Adam's first steps divide
gradients near rounding error by themselves. A batch or a term left out changes more than a thousand times as much."""


class Replays:
    """The captures of a step; or the step itself, where it can't be captured."""

    def __init__(self, model: Any, step: Replay, rows: int) -> None:
        self.how: dict[str, Any] = {"step": "captured"}
        self._model, self._step, self._rows = model, step, rows
        self._captured: dict[int, Captured] = {}

    def prepare(self, size: int) -> Replay:
        """Return what runs a step of `size` rows.

        It is captured now if it wasn't, or if what was taken for constant has changed.
        """
        known = self._captured.get(size)
        if self.how["step"] == "captured" and not (known and known.is_valid):
            try:
                self._captured[size] = self._capture(size)
            except Uncapturable as reason:
                self.how |= {"step": "eager", "reason": str(reason)}
        return self._captured[size].run if self.how["step"] == "captured" else self._step

    def compile(self, size: int, steps: int) -> None:
        """Let inductor compile the step of `size` rows, if that pays back within so many steps."""
        if size not in self._captured:
            return
        captured, rows = self._captured[size], self._some_batches(size)[0]
        with unchanged(self._model):
            choice = choose_replay(captured, rows, steps, lambda run: self._trains_alike(run, captured.run, size))
        self._captured[size] = replace(captured, run=choice.run)
        self.how |= choice.how

    def _some_batches(self, size: int) -> list[torch.Tensor]:
        numbers = torch.arange(CHECKED_STEPS * size, device=get_device()) % self._rows
        return list(numbers.split(size))

    def _trains_alike(self, run: Replay, captured: Replay, size: int) -> bool:
        """Tell if two steps do the same, up to rounding error."""
        results = []
        for step in (run, captured):
            with unchanged(self._model):
                losses = [to_numpy(step(rows)) for rows in self._some_batches(size)]
                results.append(losses + save_state(self._model))
        epsilon = np.finfo(floatx()).eps
        return all(
            np.linalg.norm(a - b) <= ROUNDING * epsilon * (1 + np.linalg.norm(b))
            for a, b in zip(*results, strict=True)
            if b.dtype.kind == "f"
        )

    def _capture(self, size: int) -> Captured:
        """Capture the step, and make sure that the capture does to the bit what the step does.

        Raises:
            Uncapturable: it doesn't, or the step can't be captured.
        """
        model, batches = self._model, self._some_batches(size)
        variables = [variable.value for variable in (*all_variables(model), *model.variables)]
        before = save_state(model)
        reason = ""
        try:
            expected = [to_numpy(self._step(rows)) for rows in batches] + save_state(model)
            for relayout in (True, False):
                restore_state(model, before)
                try:
                    captured = capture(self._step, batches[0], variables, relayout)
                    restore_state(model, before)
                    got = [to_numpy(captured.run(rows)) for rows in batches] + save_state(model)
                except Uncapturable as error:
                    reason = str(error)
                except Exception as error:  # what Keras or torch can't do while it is watched, it still does eagerly
                    reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
                else:
                    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, expected, strict=True)):
                        return captured
                    reason = f"after {CHECKED_STEPS} steps, the captured operations have not done what the step does"
        finally:
            restore_state(model, before)
        raise Uncapturable(reason)
