"""Array files: `arrays.safetensors`, checked by its own header before anything reads it.

The format is: eight bytes for the length of the header; the header in JSON, with the name, dtype, shape and place of
each array; the arrays one after another. Source: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open

from multibackend.errors import RecordError
from multibackend.files.reading import digest_file
from multibackend.records.reading import open_regular
from multibackend.records.schema import MOST_NAME, PRINTABLE
from multibackend.text import sanitize

MOST_BYTES = 1 << 34
"""The largest array file, 16 GiB: a record in float64 of 300 million parameters."""

MOST_HEADER_BYTES = 1 << 24
"""The largest header of one, 16 MiB: 150,000 arrays."""

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
}
"""The format's dtypes that NumPy has; a training in float32 or float64 leaves no others."""


@dataclass(frozen=True)
class Form:
    """The dtype and shape of an array."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


def find_forms(arrays: Mapping[str, Any]) -> dict[str, Form]:
    """Find the form of each array, without reading arrays that lie on disk."""
    if isinstance(arrays, StoredArrays):
        return arrays.forms
    return {key: Form(str(array.dtype), tuple(array.shape)) for key, array in arrays.items()}


class StoredArrays(Mapping[str, np.ndarray]):
    """The arrays of a file, each read when it is asked for and not kept: a thousand records cost no memory.

    `digest` is the file's SHA-256.

    Raises:
        RecordError: the file is missing, truncated or foreign, now or when an array is asked for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with open_regular(path, MOST_BYTES) as file:
            self.forms = read_forms(file)
            self.digest = digest_file(file)

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self.forms:
            raise KeyError(key)
        return self.read([key])[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.forms)

    def __len__(self) -> int:
        return len(self.forms)

    def read(self, keys: Iterable[str]) -> dict[str, np.ndarray]:
        """Read these arrays into memory."""
        with self._open() as file:
            return {key: file.get_tensor(key) for key in keys}

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with safe_open(self._path, framework="numpy") as file:
                yield file
        except (OSError, SafetensorError) as error:
            raise RecordError(f"{self._path}: truncated or foreign ({sanitize(str(error), 200)})") from error


def read_forms(file: BinaryIO) -> dict[str, Form]:
    """Read the header of an open array file, and check it against the file's size.

    Raises:
        RecordError: the array, what its entry holds, and what was expected.
    """
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, MOST_HEADER_BYTES):
        raise RecordError(
            f"arrays.safetensors: truncated or foreign: it has {size:,} bytes and a header of {length:,}; expected a "
            f"header of at most {MOST_HEADER_BYTES:,} within it"
        )
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_as_object)
    except (ValueError, RecursionError) as error:
        detail = sanitize(str(error), 200)
        raise RecordError(f"arrays.safetensors: truncated or foreign: its header is no JSON ({detail})") from error
    if not isinstance(header, dict):
        raise RecordError("arrays.safetensors: truncated or foreign: its header is no object; expected the arrays")
    header.pop("__metadata__", None)
    places = {}
    for key, entry in header.items():
        places[key] = _read_entry(key, entry)
    _check_places(sorted(start_end for _, start_end in places.values()), size - 8 - length)
    return {key: form for key, (form, _) in places.items()}


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _read_entry(key: str, entry: Any) -> tuple[Form, tuple[int, int]]:
    """Read the form of an array, and where it begins and ends."""
    name = sanitize(key, 100)
    if not key or len(key) > MOST_NAME + 50 or not re.match(PRINTABLE, key):
        raise RecordError(f"arrays.safetensors: array {name}: its name is no printable text of bounded length")
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [start, end]} if dtype in DTYPES:
            numbers = [*shape, start, end]
        case {"dtype": dtype}:
            expected = ", ".join(DTYPES)
            shown = sanitize(str(dtype)[:100], 40)
            raise RecordError(f"arrays.safetensors: array {name}: dtype {shown}; expected one of {expected}")
        case _:
            raise RecordError(f"arrays.safetensors: array {name}: no dtype, shape and offsets; expected these")
    if len(shape) > 32 or not all(type(number) is int and 0 <= number < 1 << 48 for number in numbers):
        raise RecordError(f"arrays.safetensors: array {name}: shape or offsets are no sizes; expected whole numbers")
    taken = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if end - start != taken:
        raise RecordError(f"arrays.safetensors: array {name}: it has {end - start:,} bytes; expected {taken:,}")
    return Form(DTYPES[dtype], tuple(shape)), (start, end)


def _check_places(places: list[tuple[int, int]], size: int) -> None:
    """Check that the arrays fill the rest of the file, one after another."""
    at = 0
    for start, end in places:
        if start != at:
            raise RecordError("arrays.safetensors: its arrays overlap or leave gaps; expected one after another")
        at = end
    if at != size:
        raise RecordError(
            f"arrays.safetensors: truncated or foreign: {size:,} bytes of arrays; expected {at:,}, as its header says"
        )
