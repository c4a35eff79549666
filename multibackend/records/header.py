"""Headers: `record.json`, read by its schema, and the sum that shows whether it was altered."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from typing import Any, get_args

import msgspec

from multibackend.engine import backends
from multibackend.errors import RecordError
from multibackend.experiments.choices import Precision, Profile, Task
from multibackend.records.schema import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_ITEMS,
    MOST_NAME,
    MOST_NUMBER,
    Header,
    Status,
)
from multibackend.text import sanitize

CHOICES = {
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
    backend = header["run"]["backend"]
    if backend not in backends.DESCRIPTORS:
        known = ", ".join(backends.DESCRIPTORS)
        raise RecordError(f"record.json: run.backend: got {_show(backend)}; expected one that is known here: {known}")
    return dict(header)


def digest_header(header: dict[str, Any]) -> str:
    """Compute the SHA-256 of a header without its own sum, as JSON with sorted keys and no spaces.

    The sum shows that a header was altered by something that doesn't know of it: an editor, a disk, a merge. It is no
    signature: anyone who means to deceive computes it anew.
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
    """Check the limits that hold everywhere, also in fields of any form; without recursion, so that no depth harms."""
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
    """Look up the value at a path such as `structure.layers[3].path`; None where the path is ambiguous."""
    value = header
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", where.replace("[...]", ".?")):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _show(value: Any) -> str:
    """Show a value in a message: short, on one line."""
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
