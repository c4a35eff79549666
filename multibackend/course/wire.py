"""Wire: what a judge and a submission's process say to each other, as JSON with arrays behind it.

A message is the length of its head (8 bytes), the head, and the bytes of its arrays in order. Nothing that is
received can run code: it is text, numbers, arrays of numbers, and handles, which name what stays with the other side.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError

LARGEST_BYTES = 1 << 28
"""Of a head, and of all arrays of a message: 256 MiB; no question of the course has an answer of a tenth of that."""

LARGEST_ARRAY_BYTES = 1 << 26
"""Of an array that travels; a larger one stays where it is, to be asked for its shape and rows."""

LONGEST_LIST = 100_000
"""Items in a list that travels; a longer one stays where it is."""

Hold = Callable[[Any], dict[str, Any]]
Resolve = Callable[[dict[str, Any]], Any]


class Malformed(MultibackendError):
    """What came is no message of ours."""


def send(connection: socket.socket, value: Any, hold: Hold) -> None:
    """Send a value; `hold` gives the description, `{"handle": ...}`, of what is neither plain nor an array."""
    buffers: list[bytes] = []
    head = json.dumps(_pack(value, hold, buffers)).encode()
    connection.sendall(struct.pack(">Q", len(head)) + head)
    for buffer in buffers:
        connection.sendall(buffer)


def receive(connection: socket.socket, resolve: Resolve) -> Any:
    """Wait for a value; `resolve` turns the description of a handle into what stands for it here.

    Raises:
        Malformed: it isn't a message.
        EOFError: the other side is gone.
        TimeoutError: the connection has a time limit, and it is over.
    """
    (length,) = struct.unpack(">Q", _read(connection, 8))
    try:
        head = json.loads(_read(connection, _within(length)))
        return _unpack(head, resolve, connection, [LARGEST_BYTES])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(f"no message: {error}") from error


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
    return hold(value)


def _unpack(value: Any, resolve: Resolve, connection: socket.socket, left: list[int]) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise Malformed("no message: a bare list")
        return value
    match value:
        case {"list": items}:
            return [_unpack(item, resolve, connection, left) for item in items]
        case {"tuple": items}:
            return tuple(_unpack(item, resolve, connection, left) for item in items)
        case {"dict": items}:
            return {key: _unpack(item, resolve, connection, left) for key, item in items.items()}
        case {"array": [str(name), list(shape)]}:
            return _read_array(connection, np.dtype(name), shape, left)
    return resolve(value)


def _read_array(connection: socket.socket, dtype: np.dtype[Any], shape: list[int], left: list[int]) -> np.ndarray:
    if dtype.kind not in "fiub" or any(type(size) is not int or size < 0 for size in shape):
        raise Malformed(f"no message: an array of {dtype} and shape {shape}")
    length = dtype.itemsize * math.prod(shape)
    left[0] -= _within(length)
    _within(LARGEST_BYTES - left[0])
    return np.frombuffer(_read(connection, length), dtype).reshape(shape).copy()


def _within(length: int) -> int:
    if length > LARGEST_BYTES:
        raise Malformed(f"no message: {length} bytes; expected at most {LARGEST_BYTES}")
    return length


def _read(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
