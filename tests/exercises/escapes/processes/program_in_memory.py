"""Becomes a program that is in no file, and says with it that it could."""

import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
said = """
import json, os, struct
head = json.dumps({"dict": {"raised": {"dict": {"type": "ValueError", "message": "@REACHED@", "line": None}}}}).encode()
for descriptor in range(3, 64):
    try:
        os.write(descriptor, struct.pack(">Q", len(head)) + head)
    except OSError:
        pass
"""
words = [sys.executable, "-S", "-c", said]
for descriptor in range(3, 64):
    try:
        os.set_inheritable(descriptor, True)
    except OSError:
        continue
program = open(sys.executable, "rb").read()
places = [os.open("/tmp/program", os.O_RDWR | os.O_CREAT, 0o755)]
try:
    places.append(os.memfd_create("program"))
except OSError:
    pass
array = (ctypes.c_char_p * 5)(*[word.encode() for word in words], None)
for place in places:
    try:
        os.write(place, program)
    except OSError:
        pass
    for run in (
        lambda: os.execve(sys.executable, words, {}),
        lambda: os.execve(place, words, {}),
        lambda: os.execve(f"/proc/self/fd/{place}", words, {}),
        lambda: libc.syscall(322, place, b"", array, None, 0x1000),
        lambda: libc.syscall(59, sys.executable.encode(), array, None),
        lambda: libc.syscall(322, -100, sys.executable.encode(), array, None, 0),
    ):
        try:
            run()
        except OSError:
            continue
