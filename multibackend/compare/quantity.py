"""Quantities: arrays of a record that are compared by value, and how each is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multibackend.compare.bounds import EPS, FLOAT64_BOUND, NORM_FLOOR, ROUNDING, TRAJECTORY_FLOOR
from multibackend.compare.measures import Array, Vector, size_by_norm, size_by_step
from multibackend.compare.places import Place, find_place
from multibackend.experiments.choices import Precision


@dataclass(frozen=True)
class Quantity:
    """One array of a record that is compared, and how it is measured; `key` names it.

    `by_norm` measures the array whole. Otherwise each value is a step of a trajectory, and the envelope at a step is
    the largest so far. `last` judges the last step alone.

    `floor` is the least bound in float32. `scale` is the size of the terms that the quantity is computed from. `least`
    is the least magnitude that differences are relative to (1 for a share of rows: the difference is absolute).
    Where both sides are below `negligible`, both count as zero. `support` is the key of a second quantity whose
    last-step envelope also widens the bound.
    """

    key: str
    by_norm: bool = False
    floor: float = TRAJECTORY_FLOOR
    scale: float = 0.0
    negligible: float = 0.0
    least: float = 0.0
    last: bool = False
    support: str = ""

    @property
    def place(self) -> Place:
        """The layer, variable, slot, metric or loss that it is of."""
        return find_place(self.key)

    def size(self, array: Array) -> Vector:
        """Measure the size of an array, with shape (1,) by norm, else (steps,)."""
        return size_by_norm(array) if self.by_norm else size_by_step(array)

    def magnitude(self, sizes: Vector, precision: Precision) -> Vector:
        """The denominator of relative differences: the size, but never below the rounding error of its terms."""
        coarse = self.by_norm and precision == "float32"
        # The envelope holds a float32 trajectory's rounding error: only what float64 can't resolve is cut off.
        share = EPS["float32"] / NORM_FLOOR if coarse else EPS["float64"] / FLOAT64_BOUND
        return np.maximum(sizes, max(self.least, ROUNDING * share * self.scale))
