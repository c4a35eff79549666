"""Asks someone else."""

import socket

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as asked:
        asked.connect(("127.0.0.1", 53))
