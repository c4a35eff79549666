"""Announces arrays of types that aren't numbers, or aren't types."""

import json
import os
import socket
import stat
import struct
import time


def is_socket(descriptor):
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


judge = next(descriptor for descriptor in range(3, 4096) if is_socket(descriptor))


def say(head, length=None):
    """A head, and its length or another."""
    data = struct.pack(">Q", len(head) if length is None else length) + head
    while data:
        data = data[os.write(judge, data) :]


def answer(value):
    say(json.dumps({"dict": {"value": value}}).encode())


names = [
    "O",
    "V8",
    "U9",
    "S9",
    "M8[ns]",
    "m8",
    "c16",
    "a",
    "f2",
    ">i4",
    "f8,f8",
    "(2,)f8",
    "(,)f8",
    "(1,f8",
    "f8,(",
    "3f8",
    "()f8",
    "(1 0)f8",
    "f8,",
    ",",
    "i4,(2,3",
    "{}",
    "\0",
    "f8\0",
    "x" * 100_000,
    "(" * 10_000,
    "(2,)" * 1000 + "f8",
    "longdouble",
    "f16",
    "b1",
    "?",
    "void",
    "object",
    "2147483648f8",
    "(1000000,1000000)f8",
    "(0,)f8",
    "1e9f8",
    "__import__('os')f8",
    "U99999999999",
]
for name in names:
    answer({"array": [name, [2]]})
