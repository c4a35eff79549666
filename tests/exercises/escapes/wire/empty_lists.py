"""Says as much as it may of what is largest to hold."""

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


body = b'{"dict":{"value":{"list":[' + b",".join([b'{"list":[]}'] * 80_000) + b"]}}}"
for _ in range(64):
    say(body)
say(b'{"dict":{"value":' + b"[" * 10 + b"[]," * 300_000 + b"[]" + b"]" * 10 + b"}}")
