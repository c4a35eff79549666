"""Wire: the messages between a judge and a submission's process, JSON with arrays behind it.

A message is the length of its head (8 bytes), the head, and the bytes of its arrays in order. No message can run code:
it holds text, numbers, arrays of numbers, and handles. A handle names an object that stays with the other side.
"""

from __future__ import annotations

import json
import math
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError

LARGEST_HEAD_BYTES = 1 << 20
"""The largest head: 1 MiB. Decoded, it takes at most some 30 times as much."""

LARGEST_BYTES = 1 << 28
"""The most bytes in all arrays of a message: 256 MiB, more than ten times any answer that the course asks for."""

LARGEST_ARRAY_BYTES = 1 << 26
"""The largest array that is sent. A larger one stays where it is, and can be asked for its shape and rows."""

LONGEST_LIST = 10_000
"""The most items in a list that is sent; a longer one stays where it is."""

MOST_DIMENSIONS = 64
"""The most dimensions of an array: NumPy's own limit, since 2.0."""

NUMBERS = re.compile(r"[<>|]?[fiub][0-9]{1,2}")
"""A type of numbers as NumPy writes it. NumPy's own parser accepts much more, and can raise SyntaxError."""

LONGEST_COMPLAINT = 200
"""Characters of the complaint about a malformed message."""

Hold = Callable[[Any], dict[str, Any]]
Resolve = Callable[[dict[str, Any]], Any]


class Malformed(MultibackendError):
    """The other side sent something that is no message."""


class TooLarge(MultibackendError):
    """The message has a head that the other side would refuse; nothing was sent."""


@dataclass(frozen=True)
class Kept:
    """A value that isn't sent; the other side gets its handle."""

    value: Any


def send(connection: socket.socket, value: Any, hold: Hold) -> None:
    """Send a value. `hold` describes an object that is neither plain data nor an array, as `{"handle": ...}`.

    Raises:
        TooLarge: its head is too large; arrays don't count.
    """
    buffers: list[bytes] = []
    head = json.dumps(_pack(value, hold, buffers)).encode()
    if len(head) > LARGEST_HEAD_BYTES:
        raise TooLarge(f"a message with a head of {len(head)} bytes; expected at most {LARGEST_HEAD_BYTES}")
    connection.sendall(struct.pack(">Q", len(head)) + head)
    for buffer in buffers:
        connection.sendall(buffer)


def receive(connection: socket.socket, resolve: Resolve, deadline: float | None) -> Any:
    """Wait for a value. `resolve` turns the description of a handle into the object that stands for it here.

    All of it must come until `deadline`, by `time.monotonic`; None waits for ever.

    Raises:
        Malformed: it isn't a message, or it is one that this process has no room for.
        EOFError: the other side is gone.
        TimeoutError: the time is over.
    """
    try:
        (length,) = struct.unpack(">Q", _read(connection, 8, deadline))
        head = json.loads(_read(connection, _within(length, LARGEST_HEAD_BYTES), deadline))
        return _Reader(connection, resolve, deadline).unpack(head)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError, RecursionError) as error:
        raise Malformed(f"no message: {type(error).__name__}: {error}") from error


def _pack(value: Any, hold: Hold, buffers: list[bytes]) -> Any:
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":
        value = value.item()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple) and len(value) <= LONGEST_LIST:
        return {type(value).__name__: [_pack(item, hold, buffers) for item in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: _pack(item, hold, buffers) for key, item in value.items()}}
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.nbytes <= LARGEST_ARRAY_BYTES:
        buffers.append(np.ascontiguousarray(value).tobytes())
        return {"array": [value.dtype.str, list(value.shape)]}
    return hold(value.value if isinstance(value, Kept) else value)


class _Reader:
    """A reader of one message's arrays, which have at most `LARGEST_BYTES` together."""

    def __init__(self, connection: socket.socket, resolve: Resolve, deadline: float | None) -> None:
        self._connection = connection
        self._resolve = resolve
        self._deadline = deadline
        self._left = LARGEST_BYTES

    def unpack(self, value: Any) -> Any:
        """Turn a head, or a part of it, into the value that it describes."""
        match value:
            case str():
                return _without_surrogates(value)
            case {"list": list(items)}:
                return [self.unpack(item) for item in items]
            case {"tuple": list(items)}:
                return tuple(self.unpack(item) for item in items)
            case {"dict": dict(items)}:
                return {_without_surrogates(key): self.unpack(item) for key, item in items.items()}
            case {"array": [str(name), list(shape)]}:
                return self._read_array(name, shape)
            case dict():
                return self._resolve(value)
            case list():
                raise Malformed("no message: a bare list")
        return value

    def _read_array(self, name: str, shape: list[int]) -> np.ndarray:
        few = len(shape) <= MOST_DIMENSIONS  # so that their product is soon known
        if not (few and NUMBERS.fullmatch(name) and all(type(n) is int and 0 <= n <= LARGEST_BYTES for n in shape)):
            raise Malformed(f"no message: an array of {name[:20]} and shape {shape[:4]}"[:LONGEST_COMPLAINT])
        dtype = np.dtype(name)
        length = _within(dtype.itemsize * math.prod(shape), min(self._left, LARGEST_ARRAY_BYTES))
        self._left -= length
        return np.frombuffer(_read(self._connection, length, self._deadline), dtype).reshape(shape).copy()


def _without_surrogates(text: str) -> str:
    """Replace halves of characters, which JSON can express and UTF-8 can't, by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _within(length: int, most: int) -> int:
    if length > most:
        raise Malformed(f"no message: {str(length)[:20]} bytes; expected at most {most}")
    return length


def _read(connection: socket.socket, length: int, deadline: float | None) -> bytearray:
    """Read exactly `length` bytes, however slowly they come, until the deadline."""
    parts = bytearray()
    while len(parts) < length:
        connection.settimeout(None if deadline is None else _left_until(deadline))
        part = connection.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return parts


def _left_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
