"""Sends arrays that are each as large as they may be, one after another."""

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


block = bytes(1 << 20)
for _ in range(64):
    answer({"list": [{"array": ["<f8", [1 << 22]]}] * 16})
    for _ in range(16 * 32):
        os.write(judge, block)
