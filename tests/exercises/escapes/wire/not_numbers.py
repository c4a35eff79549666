"""Answers with numbers that are none, too large, or endless."""

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


for number in (
    "NaN",
    "-Infinity",
    "1e999999",
    "9" * 4000,
    "9" * 1_000_000,
    "-" + "1" * 4301,
    "1e-999999",
    "0." + "3" * 900_000,
):
    say(b'{"dict":{"value":' + number.encode() + b"}}")
