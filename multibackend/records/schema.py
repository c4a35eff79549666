"""The schema of `record.json`: its fields, their types and limits.

A record may come from elsewhere. `header.py` refuses one of any other form, in one line that names the field, its value
and what was expected. So nothing else in the library needs to doubt the types in a header.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from multibackend.experiments.choices import Precision as Precision
from multibackend.experiments.choices import Profile as Profile
from multibackend.experiments.choices import Task as Task

MOST_DEPTH = 50
"""Levels of lists and objects within each other. Keras' configurations of nested models stay below 30."""

MOST_ITEMS = 250_000
"""Values in a whole header: a vocabulary in a layer's configuration may be long."""

MOST_CHARACTERS = 100_000
"""Characters of a text, such as a reason; names have `MOST_NAME`."""

MOST_NAME = 1_000
"""Characters of a name or a key: of an experiment (a path and a function), a layer, a variable, a metric."""

MOST_NUMBER = 2**53
"""The largest whole number that every reader of JSON holds exactly. Source: RFC 8259, section 6."""

# No control character, no line end, no mark that turns the direction of text, no half of a surrogate pair.
PRINTABLE = "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]*\\Z"

Name = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PRINTABLE)]
Label = Annotated[str, Meta(max_length=MOST_NAME, pattern=PRINTABLE)]
Text = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
Count = Annotated[int, Meta(ge=0, le=MOST_NUMBER)]
Positive = Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
Sizes = Annotated[list[Count], Meta(max_length=32)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
Status = Literal["finished", "failed", "not-run"]
DType = Literal[
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"
]


class Fields(Struct, forbid_unknown_fields=True, frozen=True):
    """An object with these fields and no others."""


class RunFields(Fields, frozen=True):
    """See `record.Run`."""

    experiment: Name
    backend: Name
    precision: Precision
    profile: Profile
    seed: Count
    perturbation: Count
    task: Task


class PlanFields(Fields, frozen=True):
    """See `experiment.Plan`."""

    epochs: Positive | UnsetType = UNSET
    batch_size: Positive | UnsetType = UNSET
    training_rows: Count | UnsetType = UNSET
    evaluation_rows: Count | UnsetType = UNSET


class Environment(Struct, frozen=True):
    """See `describe.describe_environment`. Other fields may be added to it."""

    backend: Name | UnsetType = UNSET
    packages: dict[Name, Label] | UnsetType = UNSET
    python: Label | UnsetType = UNSET
    platform: Label | UnsetType = UNSET
    processor: Label | UnsetType = UNSET
    cores: Count | UnsetType | None = UNSET
    threads: Count | UnsetType = UNSET
    workers: Count | UnsetType = UNSET
    commit: Label | UnsetType | None = UNSET
    dirty: bool | UnsetType | None = UNSET
    device: Name | UnsetType = UNSET
    flags: dict[Name, Any] | UnsetType = UNSET
    data_notes: list[Text] | UnsetType = UNSET


class Layer(Fields, frozen=True):
    """A layer of the model."""

    path: Name
    class_: Name = msgspec.field(name="class")
    config: Any
    output_shape: Sizes | None
    parameters: Count


class Variable(Fields, frozen=True):
    """A weight of the model."""

    path: Name
    shape: Sizes
    dtype: DType
    trainable: bool


class ArrayFields(Fields, frozen=True):
    """An array that the record holds, by its path."""

    path: Name
    shape: Sizes
    dtype: DType


class Parameters(Fields, frozen=True):
    """The numbers of a model's parameters."""

    total: Count
    trainable: Count
    non_trainable: Count


class Rows(Fields, frozen=True):
    """The numbers of rows of the data."""

    training: Positive
    validation: Count
    test: Positive


class Metrics(Fields, frozen=True):
    """The names of the metrics that a training step and an evaluation report."""

    training: list[Name]
    evaluation: list[Name]


class Structure(Fields, frozen=True):
    """See `describe.describe_structure`, `localization.py` and `interchange.py`: which of them depends on the task."""

    layers: list[Layer] | UnsetType = UNSET
    variables: list[Variable] | UnsetType = UNSET
    parameters: Parameters | UnsetType = UNSET
    outputs: list[ArrayFields] | UnsetType = UNSET
    slots: list[ArrayFields] | UnsetType = UNSET
    metrics: Metrics | UnsetType = UNSET
    optimizer: Any | UnsetType = UNSET
    loss: Any | UnsetType = UNSET
    loss_weights: Any | UnsetType = UNSET
    unsaved: Text | UnsetType = UNSET
    rows: Rows | UnsetType = UNSET
    steps_per_epoch: Positive | UnsetType = UNSET
    order: list[Name] | UnsetType = UNSET
    unloaded: dict[Name, Text] | UnsetType = UNSET


class Header(Fields, frozen=True):
    """All of `record.json`."""

    run: RunFields
    status: Status
    reason: Text
    fingerprint: Label
    plan: PlanFields
    diverges: bool
    workarounds: list[Name]
    environment: Environment
    structure: Structure
    digests: dict[Name, Label]
    wall_seconds: dict[Name, Seconds]
    peak_bytes: Count
    schema_version: Count
    sums: dict[Name, Digest]
    sha256: Digest
