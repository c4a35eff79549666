"""Listens where others might call, under names that outlive it."""

import os
import socket
import sys

bound = []
folders = (
    "@CLASS@",
    "/run",
    "/var/run",
    "/dev",
    "/usr/lib",
    sys.prefix,
    os.path.dirname(os.__file__),
    "/dev/shm",
    "/var/tmp",
)
for folder in folders:
    try:
        socket.socket(socket.AF_UNIX).bind(f"{folder}/@MARK@")
    except OSError:
        continue
    if folder not in ("/dev", "/run", "/var/run", "/var/tmp", "/dev/shm"):
        bound.append(folder)
socket.socket(socket.AF_UNIX).bind("\0@MARK@")
if bound:
    raise ValueError("@REACHED@", bound)
