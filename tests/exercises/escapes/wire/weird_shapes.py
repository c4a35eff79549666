"""Announces arrays of shapes that can't be."""

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


for shape in (
    [0, 10**30],
    [10**30],
    [-1],
    [1] * 100_000,
    [0] * 100,
    [2**63, 2],
    [2**32, 2**32],
    [1.5],
    [True],
    ["3"],
    [None],
    [[1]],
    [2**62, 4, 0],
    [99999] * 100_000,
):
    answer({"array": ["<f8", shape]})
    os.write(judge, bytes(64))
