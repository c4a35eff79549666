"""Says what isn't UTF-8, isn't JSON, or is neither."""

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


for head in (
    b"\xff\xfe\x00",
    b"\x80" * 1000,
    b"",
    b"\0",
    b"nonsense",
    b"[1, 2",
    b'{"dict": {"value": "\\ud800"}}',
    "\ufeff{}".encode("utf-16"),
    b'"' + b"\xed\xa0\x80" + b'"',
):
    say(head)
