"""Looks for what a student before it left."""

import os
import socket

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock"):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    if any("mark-" in name for name in names):
        raise ValueError("@REACHED@", folder)
with socket.socket(socket.AF_UNIX) as asked:
    try:
        asked.connect("\0@MARK@")
    except OSError:
        pass
    else:
        raise ValueError("@REACHED@")
