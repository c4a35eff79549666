"""Asks a listener that has a file in the class folder."""

import os
import socket

ways = (
    "",
    "/proc/1/root",
    "/proc/self/root",
    "/proc/self/cwd/" + "../" * 20,
    *(f"/proc/self/fd/{n}/" + "../" * 20 for n in range(3, 20)),
)
for path in ("@SOCKET@", "@SOCKET@"[1:]):
    for way in ways:
        try:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(0.3)
                asked.connect(way + path)
                said = asked.recv(100).decode()
        except OSError:
            continue
        raise ValueError(said)
