"""TOML and JSON files read into types: one that holds something else is refused, with its path and field."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from multibackend.errors import MultibackendError
from multibackend.text import sanitize

T = TypeVar("T")

DECODERS = {".toml": msgspec.toml.decode, ".json": msgspec.json.decode}

LONGEST_REASON = 300
"""Characters of a decoder's message that are shown."""


def read_typed(path: Path, kind: type[T], what: str, advice: str = "fix the file") -> T:
    """Read a `.toml` or `.json` file as a dataclass, a `msgspec.Struct`, or a container of them.

    `what` says what the file is, for messages ("known divergences"); `advice` what to do about a bad one.

    Raises:
        MultibackendError: it can't be read, or holds something else; the message gives the path and the field.
    """
    try:
        read: T = DECODERS[path.suffix](path.read_bytes(), type=kind)  # type: ignore[operator]
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        why = sanitize(" ".join(str(error).split()), LONGEST_REASON)
        raise MultibackendError(f"{what} {path}: {why}; {advice}.") from error
    return read
