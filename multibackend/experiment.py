"""What to train: an `Experiment` is a compiled Keras model, its data, and its training plan, written once.

This module imports no Keras and no framework, so that the launching process can handle
experiments' names without either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.reference import shorten

Profile = Literal["quick", "full"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

Arrays = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
"""One array, or a list or dictionary of arrays for a model of several inputs or outputs."""


def leaves(arrays: Arrays | None) -> Iterator[tuple[str, np.ndarray]]:
    """Each array with a name: the key in a dictionary, the position in a list, "" for a lone array."""
    if arrays is None:
        return
    if isinstance(arrays, Mapping):
        yield from ((str(key), np.asarray(value)) for key, value in arrays.items())
    elif isinstance(arrays, (list, tuple)):
        yield from ((str(i), np.asarray(value)) for i, value in enumerate(arrays))
    else:
        yield "", np.asarray(arrays)


def map_arrays(function: Callable[[np.ndarray], Any], arrays: Any) -> Any:
    """The same structure (array, list, dictionary or None) with `function` applied to each array."""
    if arrays is None:
        return None
    if isinstance(arrays, Mapping):
        return {key: function(np.asarray(value)) for key, value in arrays.items()}
    if isinstance(arrays, (list, tuple)):
        return [function(np.asarray(value)) for value in arrays]
    return function(np.asarray(arrays))


@dataclass(frozen=True)
class Split:
    """Rows to train, validate or test on.

    `inputs` and `targets` hold arrays of shape (rows, ...); `sample_weights`, where given,
    arrays of shape (rows,) in the structure of the targets.

    Raises:
        MultibackendError: arrays differ in their number of rows, hold objects, or hold no row.
    """

    inputs: Arrays
    targets: Arrays
    sample_weights: Arrays | None = None

    def __post_init__(self) -> None:
        rows = {f"{kind}{name and '.' + name}": array for kind, name, array in self._named()}
        for name, array in rows.items():
            if array.dtype.kind not in "fiub":
                raise MultibackendError(
                    f"data: {name} has dtype {array.dtype}; expected numbers. Convert it in load_data."
                )
            if array.ndim == 0 or len(array) == 0:
                raise MultibackendError(f"data: {name} has shape {array.shape}; expected at least one row.")
        if len({len(array) for array in rows.values()}) != 1:
            got = ", ".join(f"{name}: {len(array)}" for name, array in rows.items())
            raise MultibackendError(f"data: numbers of rows differ ({got}); expected one number for all.")

    def _named(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for kind in ("inputs", "targets", "sample_weights"):
            for name, array in leaves(getattr(self, kind)):
                yield kind, name, array

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(leaves(self.inputs))[1])

    def take(self, rows: slice | np.ndarray) -> Split:
        """The same split with only these rows, in this order."""
        return Split(
            *(map_arrays(lambda a: a[rows], part) for part in (self.inputs, self.targets, self.sample_weights))
        )

    def astype(self, floatx: str) -> Split:
        """The same split with its floating-point arrays in the dtype `floatx`; integers stay as they are."""

        def cast(array: np.ndarray) -> np.ndarray:
            return array.astype(floatx, copy=False) if array.dtype.kind == "f" else array

        return Split(*(map_arrays(cast, part) for part in (self.inputs, self.targets, self.sample_weights)))


@dataclass(frozen=True)
class Dataset:
    """The rows to train on, to validate on after each epoch (optional), and to test on at the end.

    `origin` says, where they are not the user's own, what they are.
    """

    training: Split
    test: Split
    validation: Split | None = None
    origin: str = ""

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
