"""The schema of `record.json`: its fields, their types and limits, and reading it as such.

A record may come from elsewhere. What isn't of this form is refused in one line that names the field, what it holds and
what was expected; nothing else in the library needs to doubt a header's types.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from multibackend.errors import RecordError
from multibackend.text import sanitize

MOST_DEPTH = 50
"""Levels of lists and objects within each other. Keras' configurations of nested models stay below 30."""

MOST_ITEMS = 250_000
"""Values in a whole header: a vocabulary in a layer's configuration may be long."""

MOST_CHARACTERS = 100_000
"""Characters of a text, such as a reason; names have `MOST_NAME`."""

MOST_NAME = 1_000
"""Characters of a name or a key: of an experiment (a path and a function), a layer, a variable, a metric."""

MOST_NUMBER = 2**53
"""The largest whole number: what every reader of JSON holds exactly. Source: RFC 8259, section 6."""

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
Backend = Literal["jax", "tensorflow", "torch"]
Precision = Literal["float64", "float32"]
Profile = Literal["quick", "full"]
Task = Literal["training", "trace", "isolation", "interchange"]
Status = Literal["finished", "failed", "not-run"]
DType = Literal[
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"
]


class Fields(Struct, forbid_unknown_fields=True, frozen=True):
    """An object with these fields and no others."""


class RunFields(Fields, frozen=True):
    """See `record.Run`."""

    experiment: Name
    backend: Backend
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
    """See `describe.describe_environment`; others may add to it."""

    backend: Name | UnsetType = UNSET
    packages: dict[Name, Label] | UnsetType = UNSET
    python: Label | UnsetType = UNSET
    platform: Label | UnsetType = UNSET
    processor: Label | UnsetType = UNSET
    cores: Count | None | UnsetType = UNSET
    threads: Count | UnsetType = UNSET
    workers: Count | UnsetType = UNSET
    commit: Label | None | UnsetType = UNSET
    dirty: bool | None | UnsetType = UNSET
    device: Name | UnsetType = UNSET
    flags: dict[Name, Any] | UnsetType = UNSET


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
    """Numbers of a model's parameters."""

    total: Count
    trainable: Count
    non_trainable: Count


class Rows(Fields, frozen=True):
    """Numbers of rows of the data."""

    training: Positive
    validation: Count
    test: Positive


class Metrics(Fields, frozen=True):
    """Names of what a training step and an evaluation report."""

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
    mends: list[Name]
    environment: Environment
    structure: Structure
    digests: dict[Name, Label]
    wall_seconds: dict[Name, Seconds]
    peak_bytes: Count
    schema_version: Count
    sums: dict[Name, Digest]
    sha256: Digest


CHOICES = {
    "run.backend": Backend,
    "run.precision": Precision,
    "run.profile": Profile,
    "run.task": Task,
    "status": Status,
}


def parse_header(content: bytes, version: int) -> dict[str, Any]:
    """Read the bytes of a `record.json` of this schema version.

    Raises:
        RecordError: the field, what it holds, and what was expected.
    """
    try:
        header = json.loads(content.decode("utf-8"), object_pairs_hook=_as_object, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise RecordError(f"record.json: nested too deeply; expected at most {MOST_DEPTH} levels") from error
    except ValueError as error:
        raise RecordError(f"record.json: truncated or foreign: no JSON ({sanitize(str(error), 200)})") from error
    got = header.get("schema_version") if isinstance(header, dict) else None
    if type(got) is not int or got != version:
        raise RecordError(f"record.json: schema version {_show(got)}; expected {version}")
    _check_values(header)
    try:
        msgspec.convert(header, Header, strict=True)
    except msgspec.ValidationError as error:
        raise RecordError(f"record.json: {_explain(str(error), header)}") from error
    return dict(header)


def digest_header(header: dict[str, Any]) -> str:
    """Compute the SHA-256 of a header without its own sum, as JSON with sorted keys and no spaces.

    It tells that a header was altered by something that doesn't know of the sum: an editor, a disk, a merge. It is no
    signature: who means to deceive computes it anew.
    """
    rest = {key: value for key, value in header.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the field {_show(twice)} is there twice; expected it once")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON; expected a finite one")


def _check_values(header: dict[str, Any]) -> None:
    """Check the limits that hold everywhere, in the parts of any form too; no recursion, whatever comes."""
    waiting: list[tuple[str, Any, int]] = [("", header, 0)]
    count = 0
    while waiting:
        where, value, depth = waiting.pop()
        count += len(value) if isinstance(value, (dict, list)) else 0
        if depth > MOST_DEPTH or count > MOST_ITEMS:
            limit = f"{MOST_DEPTH} levels" if depth > MOST_DEPTH else f"{MOST_ITEMS:,} values"
            raise RecordError(f"record.json: {_cut(where) or 'it'}: too large; expected at most {limit}")
        if isinstance(value, dict):
            for key, item in value.items():
                _check_text(f"{where}.{key}" if where else key, key, MOST_NAME)
                waiting.append((f"{where}.{key}" if where else key, item, depth + 1))
        elif isinstance(value, list):
            waiting += [(f"{where}[{i}]", item, depth + 1) for i, item in enumerate(value)]
        elif isinstance(value, str):
            _check_text(where, value, MOST_CHARACTERS)
        elif isinstance(value, (int, float)) and not abs(value) <= (MOST_NUMBER if isinstance(value, int) else 1e300):
            raise RecordError(f"record.json: {_cut(where)}: {_show(value)} is out of range")


def _check_text(where: str, text: str, most: int) -> None:
    if len(text) > most:
        raise RecordError(f"record.json: {_cut(where)}: {len(text):,} characters; expected at most {most:,}")
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        raise RecordError(f"record.json: {_cut(where)}: half of a surrogate pair; expected text that UTF-8 can hold")


def _explain(message: str, header: Any) -> str:
    """Turn msgspec's message, such as "Expected `int`, got `str` - at `$.run.seed`", into one of ours."""
    what, _, path = message.partition(" - at ")
    where = path.strip("`").removeprefix("$").removeprefix(".") or "it"
    got = _look_up(header, where)
    where = where.replace("[...]", ": one of its values")
    what = what.replace("`", "")
    if where in CHOICES and what.startswith("Invalid enum value"):
        return f"{where}: got {_show(got)}; expected one of {', '.join(get_args(CHOICES[where]))}"
    if "matching regex" in what:
        what = "Expected printable text" if "a-f" not in what else "Expected 64 hexadecimal digits, a SHA-256 sum"
    what = what[:1].lower() + what[1:]
    expected, _, kind = what.partition(", got ")
    if kind or expected.startswith("expected"):
        shown = _show(got) if got is not None or kind == "null" else kind
        return f"{_cut(where)}: {f'got {shown}; ' if shown else ''}{expected}"
    return f"{_cut(where)}: {sanitize(what, 200)}"


def _look_up(header: Any, where: str) -> Any:
    """The value at a path such as `structure.layers[3].path`; None where the path doesn't say which."""
    value = header
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", where.replace("[...]", ".?")):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _show(value: Any) -> str:
    """A value in a message: short, on one line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that isn't finite"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    return sanitize(json.dumps(value, ensure_ascii=True), 60)


def _cut(where: str) -> str:
    return sanitize(where, 100)
