"""Answers with what an answer can't be: a bare number, a list, nothing, twice the same key."""

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
    b"1",
    b"null",
    b"true",
    b"[]",
    b'""',
    b"{}",
    b'{"dict":[]}',
    b'{"list":{}}',
    b'{"list":"met"}',
    b'{"tuple":1}',
    b'{"dict":{"value":1,"value":{"dict":{}}}}',
    b'{"dict":{"raised":1}}',
    b'{"dict":{"raised":{"dict":{"type":1,"message":2,"line":"x"}}}}',
    b'{"dict":{"raised":{"dict":{"type":"A","message":"b","line":true}}}}',
    b'{"array":[]}',
    b'{"array":1}',
    b'{"array":["<f8",7]}',
    b'{"handle":0}',
    b'{"class":"Dense"}',
):
    say(head)
