"""Files of a report, and the numbers in them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.files import write_whole
from multibackend.text import tell_apart

MOST_PARAMETERS = 10**12
"""More parameters than any model has that is trained here."""


def write_file(path: Path, content: bytes) -> Path:
    """Write a report whole or not at all; an older one is replaced.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise MultibackendError(
            f"report: can't be written to {path}: {error}. Give another folder with --output, or make room."
        ) from error
    return path


def as_json(value: Any) -> Any:
    """Turn a value into what strict JSON can hold; keys that would become the same are told apart.

    NaN and infinity become "nan", "inf" and "-inf". Half of a surrogate pair, which is no character, becomes an escape.
    """
    if isinstance(value, Mapping):
        keys = tell_apart(map(str, value), _spell)
        return {keys[str(key)]: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _spell(value) if isinstance(value, str) else value


def _spell(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def format_json(value: Any) -> str:
    """Format a value as the text of a file in strict JSON."""
    return json.dumps(as_json(value), indent=2, allow_nan=False) + "\n"


def format_count(count: int) -> str:
    """Format a number of parameters, "" for none. A record may claim any number, which must not widen the table."""
    return f"{count:,}" if 0 < count < MOST_PARAMETERS else f"over {MOST_PARAMETERS:.0e}" if count > 0 else ""
