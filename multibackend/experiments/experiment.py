"""Experiments: a compiled Keras model, its data, and its training plan, written once.

This module imports no Keras and no framework, so that the launching process can handle the names of experiments
without either.
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
"""The arrays of a `Split`."""

SPLITS = ("training", "validation", "test")
"""The splits of a `Dataset`."""

MOST_SHOWN = 300
"""The most characters of a list of arrays in a message: a list of a thousand rows may be read as a thousand arrays."""


@dataclass(frozen=True)
class Split:
    """Rows to train, validate or test on.

    `inputs` and `targets` hold arrays of shape (rows, ...); `sample_weights`, where given,
    arrays of shape (rows,) in the structure of the targets. `arrays.py` says how other data than plain arrays are read;
    `notes` say what was converted.

    Raises:
        MultibackendError: arrays differ in their number of rows, hold no row, or hold something else than numbers.
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
        rows = {name: len(array) for name, array in self.named_arrays()}
        if len(set(rows.values())) != 1:
            got = sanitize(", ".join(f"{name}: {count}" for name, count in rows.items()), MOST_SHOWN)
            raise MultibackendError(f"data: numbers of rows differ ({got}); expected one number for all.")

    def named_arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield each array with its name, such as `inputs` or `targets.0`."""
        for kind in PARTS:
            for name, array in leaves(getattr(self, kind)):
                yield f"{kind}{name and '.' + name}", array

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(leaves(self.inputs)[0][1])

    def take(self, rows: slice | np.ndarray) -> Split:
        """Return the split with only these rows, in this order."""
        return self.map(lambda array: array[rows])

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Split:
        """Return the split with the function's result in place of each array."""
        inputs, targets, weights = (map_arrays(function, p) for p in (self.inputs, self.targets, self.sample_weights))
        return replace(self, inputs=inputs, targets=targets, sample_weights=weights)

    def astype(self, floatx: str) -> Split:
        """Return the split with its floating-point arrays in the dtype `floatx`; integers stay as they are.

        Raises:
            MultibackendError: integers are too large for a backend in float32.
        """
        if floatx == "float32":
            for name, array in self.named_arrays():
                check_range(array, name)

        def cast(array: np.ndarray) -> np.ndarray:
            return array.astype(floatx, copy=False) if array.dtype.kind == "f" else array

        return self.map(cast)


@dataclass(frozen=True)
class Dataset:
    """The rows to train on, to validate on after each epoch (optional), and to test on at the end.

    `origin` describes rows that aren't the user's own.
    """

    training: Split
    test: Split
    validation: Split | None = None
    origin: str = ""

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        return {name: split for name in SPLITS if (split := getattr(self, name)) is not None}

    @property
    def notes(self) -> tuple[str, ...]:
        """The conversions of arrays that were not plain ones, a line each."""
        return tuple(dict.fromkeys(note for split in self.splits.values() for note in split.notes))

    def named_arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield each array with its name, such as `training.inputs` or `test.targets.0`."""
        for name, split in self.splits.items():
            yield from ((f"{name}.{key}", array) for key, array in split.named_arrays())

    def astype(self, floatx: str) -> Dataset:
        """Return the same rows with floating-point arrays in the dtype `floatx`."""
        cast: dict[str, Any] = {name: split.astype(floatx) for name, split in self.splits.items()}
        return replace(self, **cast)


@dataclass(frozen=True)
class Plan:
    """The length of a training, and its batches.

    `training_rows` limits the training rows to the first so many, `evaluation_rows` the validation rows and the test
    rows; 0 means all.
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
        """Return the rows of `data` that this plan trains, validates and tests on."""

        def first(split: Split, rows: int) -> Split:
            # A copy, so that the memory of the other rows is freed.
            return split.take(np.arange(rows)) if 0 < rows < split.rows else split

        validation = None if data.validation is None else first(data.validation, self.evaluation_rows)
        training, test = first(data.training, self.training_rows), first(data.test, self.evaluation_rows)
        return replace(data, training=training, test=test, validation=validation)

    def rows(self, available: int) -> int:
        """Count the rows trained on, out of those available."""
        return min(self.training_rows, available) if self.training_rows else available

    def steps_per_epoch(self, available: int) -> int:
        """Count the optimizer steps in an epoch; a last partial batch counts as one."""
        return -(-self.rows(available) // self.batch_size)


@dataclass(frozen=True)
class Experiment:
    """A training, written once.

    `build_model` returns a compiled Keras model; `load_data` returns the data in NumPy arrays;
    `plan` is the full training, `quick` a shorter one of the same kind. `diverges` says that
    the loss is meant to outgrow float32 (3.4e38, infinity or NaN); a comparison then demands that it does.
    """

    name: str
    build_model: Callable[[], Any]
    load_data: Callable[[], Dataset]
    plan: Plan
    quick: Plan
    diverges: bool = False

    def plan_for(self, profile: Profile) -> Plan:
        """Return the plan of a profile, "quick" or "full"."""
        return self.quick if profile == "quick" else self.plan


def shorten_name(experiment: str) -> str:
    """Shorten a name as it is shown: a reference `path/to/file.py:name` without the folders."""
    return shorten(experiment)


LONGEST_FILE = 100
"""The most characters of a name that a file keeps; file systems have room for 255 bytes, an ending included."""

FILE_OF_NAME = re.compile(r"(?!.*\.py-)\w[\w.-]*", re.ASCII)
"""A name of a catalogue, which is a file's name already."""

FILE_OF_REFERENCE = re.compile(r"\w+(/\w+)*\.py:\w+", re.ASCII)
"""A reference that its file's name stands for alone: each dash is a slash, the one after .py a colon."""


def name_file(experiment: str) -> str:
    """Turn a name into a part of a file name, unique to it: `path/to/model.py:net` becomes `path-to-model.py-net`.

    Where that could stand for another name too, a tilde and the start of the name's SHA-256 sum follow.
    """
    readable = re.sub(r"[^\w.-]+", "-", experiment, flags=re.ASCII).strip("-.")
    plain = FILE_OF_NAME.fullmatch(experiment) or FILE_OF_REFERENCE.fullmatch(experiment)
    if plain and len(experiment) <= LONGEST_FILE and readable == experiment.translate({ord("/"): "-", ord(":"): "-"}):
        return readable
    digest = hashlib.sha256(experiment.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable[-LONGEST_FILE:].strip('-.') or 'experiment'}~{digest}"
