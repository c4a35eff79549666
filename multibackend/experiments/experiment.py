"""What to train: an `Experiment` is a compiled Keras model, its data, and its training plan, written once.

This module imports no Keras and no framework, so that the launching process can handle
experiments' names without either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.experiments.arrays import Arrays, check_range, leaves, map_arrays, read_arrays
from multibackend.experiments.choices import PROFILES as PROFILES
from multibackend.experiments.choices import Profile as Profile
from multibackend.experiments.reference import shorten
from multibackend.text import sanitize

PARTS = ("inputs", "targets", "sample_weights")

MOST_SHOWN = 300
"""Characters of a list of arrays in a message: a list of a thousand rows may be taken for a thousand arrays."""


@dataclass(frozen=True)
class Split:
    """Rows to train, validate or test on.

    `inputs` and `targets` hold arrays of shape (rows, ...); `sample_weights`, where given,
    arrays of shape (rows,) in the structure of the targets. `arrays.py` says how what is no plain array is read;
    `notes` say what that did.

    Raises:
        MultibackendError: arrays differ in their number of rows, hold no row, or hold what isn't numbers.
    """

    inputs: Arrays
    targets: Arrays
    sample_weights: Arrays | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in PARTS:
            arrays, notes = read_arrays(getattr(self, kind), kind)
            object.__setattr__(self, kind, arrays)
            object.__setattr__(self, "notes", tuple(dict.fromkeys((*self.notes, *notes))))
        rows = {name: len(array) for name, array in self._named()}
        if len(set(rows.values())) != 1:
            got = sanitize(", ".join(f"{name}: {count}" for name, count in rows.items()), MOST_SHOWN)
            raise MultibackendError(f"data: numbers of rows differ ({got}); expected one number for all.")

    def _named(self) -> Iterator[tuple[str, np.ndarray]]:
        for kind in PARTS:
            for name, array in leaves(getattr(self, kind)):
                yield f"{kind}{name and '.' + name}", array

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(leaves(self.inputs))[1])

    def take(self, rows: slice | np.ndarray) -> Split:
        """The same split with only these rows, in this order."""
        return self.map(lambda array: array[rows])

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Split:
        """The same split with a function of each array in its place."""
        inputs, targets, weights = (map_arrays(function, p) for p in (self.inputs, self.targets, self.sample_weights))
        return replace(self, inputs=inputs, targets=targets, sample_weights=weights)

    def astype(self, floatx: str) -> Split:
        """The same split with its floating-point arrays in the dtype `floatx`; integers stay as they are.

        Raises:
            MultibackendError: integers are too large for a backend in float32.
        """
        if floatx == "float32":
            for name, array in self._named():
                check_range(array, name)

        def cast(array: np.ndarray) -> np.ndarray:
            return array.astype(floatx, copy=False) if array.dtype.kind == "f" else array

        return self.map(cast)


@dataclass(frozen=True)
class Dataset:
    """The rows to train on, to validate on after each epoch (optional), and to test on at the end.

    `origin` says, where they are not the user's own, what they are.
    """

    training: Split
    test: Split
    validation: Split | None = None
    origin: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to arrays that were not plain ones."""
        splits = (self.training, self.test, *([self.validation] if self.validation else []))
        return tuple(dict.fromkeys(note for split in splits for note in split.notes))

    def astype(self, floatx: str) -> Dataset:
        """The same rows with floating-point arrays in the dtype `floatx`."""
        validation = None if self.validation is None else self.validation.astype(floatx)
        return replace(
            self, training=self.training.astype(floatx), test=self.test.astype(floatx), validation=validation
        )


@dataclass(frozen=True)
class Plan:
    """How long to train, and in which batches.

    `training_rows` and `evaluation_rows` (of the validation rows, and of the test rows) limit a split to
    its first so many rows; 0 means all.
    """

    epochs: int
    batch_size: int
    training_rows: int = 0
    evaluation_rows: int = 0

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size) < 1 or min(self.training_rows, self.evaluation_rows) < 0:
            raise MultibackendError(
                f"plan: got {self}; expected epochs and batch_size of at least 1, and no negative number of rows."
            )

    def limit(self, data: Dataset) -> Dataset:
        """The rows of `data` that this plan trains, validates and tests on."""

        def first(split: Split, rows: int) -> Split:
            # A copy, so that the rows left out are let go.
            return split.take(np.arange(rows)) if 0 < rows < split.rows else split

        validation = None if data.validation is None else first(data.validation, self.evaluation_rows)
        training, test = first(data.training, self.training_rows), first(data.test, self.evaluation_rows)
        return replace(data, training=training, test=test, validation=validation)

    def rows(self, available: int) -> int:
        """Rows trained on, of those available."""
        return min(self.training_rows, available) if self.training_rows else available

    def steps_per_epoch(self, available: int) -> int:
        """Optimizer steps in an epoch; a last partial batch counts as one."""
        return -(-self.rows(available) // self.batch_size)


@dataclass(frozen=True)
class Experiment:
    """A training, written once.

    `build_model` returns a compiled Keras model; `load_data` returns the data in NumPy arrays;
    `plan` is the full training, `quick` a shorter one of the same kind. `diverges` says that
    the loss is meant to outgrow float32 (3.4e38, infinity or NaN): that is then what a comparison demands.
    """

    name: str
    build_model: Callable[[], Any]
    load_data: Callable[[], Dataset]
    plan: Plan
    quick: Plan
    diverges: bool = False

    def plan_for(self, profile: Profile) -> Plan:
        """The plan of a profile, "quick" or "full"."""
        return self.quick if profile == "quick" else self.plan


def shorten_name(experiment: str) -> str:
    """A name as it is shown: of a reference `path/to/file.py:name`, without the folders."""
    return shorten(experiment)


LONGEST_FILE = 100
"""Characters of a name that a file keeps; file systems have room for 255 bytes, an ending included."""

FILE_OF_NAME = re.compile(r"(?!.*\.py-)\w[\w.-]*", re.ASCII)
"""A name of a catalogue, which is a file's name already."""

FILE_OF_REFERENCE = re.compile(r"\w+(/\w+)*\.py:\w+", re.ASCII)
"""A reference that can be told from its file's name: each dash is a slash, the one after .py a colon."""


def name_file(experiment: str) -> str:
    """A name as part of a file name, another for each: `path/to/model.py:net` becomes `path-to-model.py-net`.

    Where that could stand for another name too, the start of the name's SHA-256 sum follows, after a tilde.
    """
    readable = re.sub(r"[^\w.-]+", "-", experiment, flags=re.ASCII).strip("-.")
    plain = FILE_OF_NAME.fullmatch(experiment) or FILE_OF_REFERENCE.fullmatch(experiment)
    if plain and len(experiment) <= LONGEST_FILE and readable == experiment.translate({ord("/"): "-", ord(":"): "-"}):
        return readable
    digest = hashlib.sha256(experiment.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable[-LONGEST_FILE:].strip('-.') or 'experiment'}~{digest}"
